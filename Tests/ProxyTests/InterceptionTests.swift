import Base
import Testing

@testable import Proxy

@Suite struct InterceptionTests {
    static let injected = [
        "-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT", "-i", "*", "-x", "", "-b", "*", "-d",
        "15090,15021,15020",
        "--log_output_level=default:info",
    ]

    func script(_ arguments: [String]) throws -> String {
        InterceptionRules(options: try InterceptionOptions(arguments: arguments)).script
    }

    @Test func `reads the injector's arguments`() throws {
        let options = try InterceptionOptions(arguments: Self.injected)
        #expect(options.includedNetworks == .all)
        #expect(options.excludedNetworks.isEmpty)
        #expect(options.includedInboundPorts == .all)
        #expect(options.excludedInboundPorts == [15090, 15021, 15020])
        #expect(options.outboundPort == 15001 && options.inboundPort == 15006)
    }

    @Test func `keeps Istio's order of outbound rules`() throws {
        let text = try script(Self.injected + ["-o", "25", "-x", "10.9.0.0/16"])
        let expected = [
            "th dport { 25 } return", "ip saddr 127.0.0.6 return", "ip daddr != 127.0.0.1 meta l4proto tcp",
            "meta skuid != 1337 return", "meta skuid 1337 return", "meta skgid != 1337 return",
            "ip daddr 127.0.0.1 return",
            "ip daddr 10.9.0.0/16 return", "meta l4proto tcp redirect to :15001",
        ]
        var rest = text[...]
        for rule in expected {
            let found = rest.ranges(of: rule).first
            #expect(found != nil, "\(rule) in order")
            if let found { rest = rest[found.upperBound...] }
        }
    }

    @Test func `captures only the listed ports and networks when asked`() throws {
        let text = try script(["-b", "80,443", "-i", "10.0.0.0/8,fd00::/8", "-q", "3306"])
        #expect(text.contains("tcp dport { 80, 443 } redirect to :15006"))
        #expect(text.contains("ip daddr 10.0.0.0/8 meta l4proto tcp redirect to :15001"))
        #expect(text.contains("ip6 daddr fd00::/8 meta l4proto tcp redirect to :15001"))
        #expect(text.contains("tcp dport { 3306 } redirect to :15001"))
        #expect(!text.contains("        meta l4proto tcp redirect to :15006"))
    }

    @Test func `captures nothing inbound when the list is empty`() throws {
        #expect(!(try script(["-b", "", "-i", "*"])).contains("        meta l4proto tcp redirect to :15006"))
    }

    @Test(arguments: [
        ["-p", "0"], ["-p", "65536"], ["-d", "80,x"], ["-x", "10.0.0.0/8; flush ruleset"], ["-i", "cafe"],
        ["-c", "eth0\" drop"],
        ["-m", "TPROXY"], ["--no-such-flag", "1"], ["-u"],
    ])
    func `refuses what it cannot do`(arguments: [String]) {
        let error = #expect(throws: MeshError.self) { try InterceptionOptions(arguments: arguments) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(arguments[0]) == true, "the message names the flag")
    }
}
