import TLS
import Testing

@testable import TLSScan

/// What the scan says to servers.
@Suite struct HelloTests {
    private static func parsed(_ hello: ScanHello) -> ClientHello? {
        if case .hello(let found) = ClientHello.inspect(hello.octets.span) { found } else { nil }
    }

    @Test(arguments: [ScanVersion.tls10, .tls11, .tls12, .tls13]) func `a hello says what it was made to say`(
        version: ScanVersion
    ) throws {
        var hello = ScanHello(version, suites: [CipherSuite(number: 0xC02F)], serverName: "example.org")
        hello.protocols = ["h2", "http/1.1"]
        let found = try #require(Self.parsed(hello))
        #expect(found.serverName == "example.org" && found.applicationProtocols == ["h2", "http/1.1"])
        #expect(found.versions.first == version.wireNumber && found.cipherSuites == [0xC02F])
        #expect(found.groups == NamedGroup.all.map(\.number))
    }

    @Test func `SSL has no extensions`() throws {
        let octets = ScanHello(.ssl3, suites: [CipherSuite(number: 5)], serverName: "example.org").octets
        #expect(octets.prefix(3) == [22, 3, 0])
        #expect(octets.count == 5 + 4 + 2 + 32 + 1 + 4 + 2)
    }

    @Test func `SSL 3 has room for the ALPN that is asked for, and for nothing else`() throws {
        var hello = ScanHello(.ssl3, suites: [CipherSuite(number: 5)], serverName: "example.org")
        hello.protocols = ["istio"]
        #expect(Array(hello.octets.suffix(14)) == [0, 12, 0, 16, 0, 8, 0, 6, 5] + Array("istio".utf8))
    }

    @Test func `all clients are there and speak`() throws {
        #expect(SimulatedClient.all.count == 35)
        #expect(Set(SimulatedClient.all.map(\.name)).count == 35)
        for client in SimulatedClient.all {
            let hello = client.hello(serverName: "example.org")
            #expect(!hello.suites.isEmpty && !client.versions.isEmpty, "\(client.name)")
            if hello.isInSSL2Format {
                #expect(hello.octets[0] & 0x80 != 0)
                continue
            }
            let found = Self.parsed(hello)
            // A hello of SSL 3 begins with another version than those the parser takes for TLS.
            #expect(found != nil, "\(client.name)")
            #expect(found?.serverName == (client.sendsServerName && hello.version > 0x0300 ? "example.org" : nil))
        }
    }

    @Test func `suites are known by name and number, each once`() {
        #expect(CipherSuite.all.count > 200)
        #expect(Set(CipherSuite.all.map(\.number)).count == CipherSuite.all.count)
        for suite in CipherSuite.all { #expect(CipherSuite(name: suite.name)?.name == suite.name) }
        #expect(CipherSuite(number: 0xC02F).name == "ECDHE-RSA-AES128-GCM-SHA256")
        #expect(CipherSuite(number: 0x1301).isForwardSecret && !CipherSuite(number: 0x009C).isForwardSecret)
        #expect(CipherSuite(number: 0x0A0A).name == "0x0a0a" && CipherSuite.tls13.count >= 3)
    }
}
