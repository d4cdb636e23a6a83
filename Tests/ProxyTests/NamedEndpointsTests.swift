import Base
import Discovery
import EventLoop
import Testing

@testable import Proxy

@Suite struct NamedEndpointsTests {
    @Test(arguments: [
        ("a.example", "a.example"), ("A.Example:8080", "a.example"), ("a_b.example.", "a_b.example"), ("a", "a"),
        ("192.0.2.1", nil), ("192.0.2.1:80", nil), ("[2001:db8::1]:80", nil), ("", nil), ("-a.example", nil),
        ("a..example", nil), (".example", nil), ("*.example", nil), ("a/b.example", nil), ("a%00.example", nil),
        (String(repeating: "a", count: 64) + ".example", nil),
        (String(repeating: "a.", count: 126) + "aa", nil),
    ])
    func `what is looked up is a host's name`(authority: String, name: String?) {
        let octets = Array(authority.utf8)
        #expect(RequestedHost.name(in: octets.span) == name)
    }

    @Test(arguments: [
        ("192.0.2.1", true), ("10.0.0.1", true), ("2001:db8::1", true), ("fd00::1", true), ("64:ff9b::192.0.2.1", true),
        ("127.0.0.1", false), ("127.9.9.9", false), ("0.0.0.0", false), ("0.1.2.3", false), ("169.254.169.254", false),
        ("224.0.0.1", false), ("255.255.255.255", false), ("240.0.0.1", false), ("::1", false), ("::", false),
        ("fe80::1", false), ("ff02::1", false), ("::127.0.0.1", false), ("64:ff9b::127.0.0.1", false),
        ("64:ff9b::169.254.169.254", false), ("::ffff:127.0.0.1", false),
    ])
    func `no name leads back to the machine, or to what only it can reach`(text: String, isAllowed: Bool) throws {
        let address = try #require(IPAddress(text))
        #expect((ForwardableAddress.kind(of: address.unmapped) == nil) == isAllowed)
        if !isAllowed { #expect(ForwardableAddress.objection(to: address) != nil) }
    }

    private func pools(_ pattern: String) -> NamedEndpoints {
        NamedEndpoints(pattern) { address, _ in EndpointPool(SocketAddress(address, port: 443)) }
    }

    @Test(arguments: [
        ("*.example.com", "a.example.com", true), ("*.example.com", "a.b.example.com", true),
        ("*.example.com", "example.com", false), ("*.example.com", "badexample.com", false),
        ("*.example.com", ".example.com", false), ("example.com", "example.com", true),
        ("example.com", "a.example.com", false),
    ])
    func `only names within the wildcard are known`(pattern: String, name: String, isCovered: Bool) {
        #expect(pools(pattern).covers(name) == isCovered)
    }

    @Test func `each name has endpoints of its own, which take turns`() throws {
        let pools = pools("*.example.com")
        let addresses = [try #require(IPAddress("192.0.2.1")), try #require(IPAddress("192.0.2.2"))]
        let picked = (0..<4).map { _ in pools.pick("a.example.com", addresses) }
        #expect(Set(picked.map(\.address.ip)) == Set(addresses) && picked[0] === picked[2])
        #expect(
            pools.pick("b.example.com", addresses) !== picked[0] && pools.pick("b.example.com", addresses) !== picked[1]
        )
        for _ in 0..<4 { #expect(pools.pick("a.example.com", addresses, avoiding: picked[0]) !== picked[0]) }
    }

    @Test func `endpoints that serve nobody are given up when there are too many`() throws {
        let pools = pools("*.example.com")
        let addresses = [try #require(IPAddress("192.0.2.1"))]
        let busy = pools.pick("busy.example.com", addresses)
        busy.load = 1
        for number in 0..<NamedEndpoints.most * 2 { _ = pools.pick("\(number).example.com", addresses) }
        #expect(pools.count <= NamedEndpoints.most)
        #expect(pools.pick("busy.example.com", addresses) === busy)
    }

    private func pool(host: String, tls: ClientTLS) throws -> EndpointPool {
        var destination = Destination(name: "outbound|80||\(host)", host: host, port: 80, application: .http)
        destination.tls = tls
        destination.endpoints = [.init(address: "192.0.2.1", port: 443, tls: .configured, reason: "rule")]
        let tables = ProxyTables(ProxyTables.Content(), credentials: nil, routing: .empty)
        var builder = DestinationPoolBuilder(destination, tables, nil)
        return try #require(builder.build().endpoints.first)
    }

    private func serverName(_ pool: EndpointPool, _ authority: String) -> String? {
        let octets = Array(authority.utf8)
        return pool.asked(for: octets.span).security?.serverName
    }

    @Test func `TLS asks for the request's host, unless a name is set or the mesh's own TLS is spoken`() throws {
        let wildcard = try pool(host: "*.example.com", tls: ClientTLS(credential: .none))
        #expect(serverName(wildcard, "A.example.com:80") == "a.example.com")
        #expect(serverName(wildcard, "192.0.2.1") == nil)
        let exact = try pool(host: "example.com", tls: ClientTLS(credential: .none))
        #expect(serverName(exact, "other.example") == "other.example")
        #expect(serverName(exact, "192.0.2.1") == "example.com")
        var tls = ClientTLS(credential: .none)
        tls.serverName = "set.example"
        #expect(serverName(try pool(host: "*.example.com", tls: tls), "a.example.com") == "set.example")
        tls = ClientTLS(credential: .workload)
        tls.serverName = "outbound_.80_._.web"
        #expect(serverName(try pool(host: "web", tls: tls), "other") == "outbound_.80_._.web")
    }

    @Test func `one name's connections are never another's`() throws {
        let endpoint = try pool(host: "*.example.com", tls: ClientTLS(credential: .none))
        let (a, b) = (Array("a.example.com".utf8), Array("b.example.com".utf8))
        let first = endpoint.asked(for: a.span)
        #expect(first === endpoint.asked(for: a.span) && first !== endpoint.asked(for: b.span))
        #expect(first === endpoint.asked(for: a.span) && first.chosen === endpoint)
        first.load += 1
        #expect(endpoint.load == 1)
        for number in 0..<EndpointVariants.most * 2 { _ = serverName(endpoint, "\(number).example.com") }
        #expect(endpoint.variants.count <= EndpointVariants.most && first === endpoint.asked(for: a.span))
        endpoint.retire()
        #expect(!first.isCurrent)
    }
}
