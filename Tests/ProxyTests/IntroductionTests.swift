import Base
import Discovery
import EventLoop
import Testing

@testable import Proxy

/// How endpoints are told who the client is (DestinationRule `proxyProtocol`).
@Suite struct IntroductionTests {
    static let addresses: [(source: String, target: String, line: String)] = [
        ("192.0.2.1:56324", "198.51.100.1:443", "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"),
        ("[2001:db8::1]:1", "[::1]:65535", "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n"),
        ("192.0.2.1:1", "[::1]:2", "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"),
        ("[::1]:1", "192.0.2.1:2", "PROXY TCP6 ::1 ::ffff:192.0.2.1 1 2\r\n"),
        ("[::ffff:192.0.2.1]:0", "192.0.2.2:2", "PROXY TCP4 192.0.2.1 192.0.2.2 0 2\r\n"),
    ]

    @Test(arguments: addresses)
    func `what is said is what is read`(_ row: (source: String, target: String, line: String)) throws {
        let source = try #require(SocketAddress(row.source)), target = try #require(SocketAddress(row.target))
        let line = ProxyProtocol.header(.version1, from: source, to: target)
        #expect(line == Array(row.line.utf8))
        let plain = SocketAddress(source.ip.unmapped, port: source.port)
        for header in [line, ProxyProtocol.header(.version2, from: source, to: target)] {
            let read = ProxyProtocol.judge((header + [0]).span)
            #expect(read == .introduced(count: header.count, source: plain))
        }
        #expect(ProxyProtocol.header(.none, from: source, to: target).isEmpty)
    }

    @Test func `version 2 has sixteen octets and the addresses`() throws {
        let source = try #require(SocketAddress("192.0.2.1:258")), target = try #require(SocketAddress("10.0.0.1:443"))
        let header = ProxyProtocol.header(.version2, from: source, to: target)
        #expect(
            header == [
                13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x21, 0x11, 0, 12, 192, 0, 2, 1, 10, 0, 0, 1, 1, 2, 1,
                187,
            ]
        )
    }

    private static func client(_ source: String) throws -> ConnectionInfo {
        ConnectionInfo(
            .gateway,
            peer: try #require(SocketAddress(source)),
            target: try #require(SocketAddress("192.0.2.9:80"))
        )
    }

    private static func pool(
        _ version: Destination.ProxyProtocol,
        after predecessor: DestinationPool? = nil
    ) -> DestinationPool {
        var destination = Destination(name: "test", host: "test", port: 80, application: .http)
        destination.proxyProtocol = version
        destination.endpoints = [.init(address: "10.0.0.1", port: 80, tls: .plaintext, reason: "")]
        let tables = ProxyTables(ProxyTables.Content(), credentials: nil, routing: .empty)
        var builder = DestinationPoolBuilder(destination, tables, predecessor)
        return builder.build()
    }

    @Test func `connections for different clients are kept apart`() throws {
        let endpoint = Self.pool(.version1).endpoints[0]
        let (one, two) = (try Self.client("192.0.2.1:1"), try Self.client("192.0.2.1:2"))
        let (first, second) = (endpoint.serving(one), endpoint.serving(two))
        #expect(first !== second && first !== endpoint && endpoint.serving(one) === first)
        #expect(first.preamble == Array("PROXY TCP4 192.0.2.1 192.0.2.9 1 80\r\n".utf8))
        #expect(second.preamble == Array("PROXY TCP4 192.0.2.1 192.0.2.9 2 80\r\n".utf8))
        // They are one endpoint to those who choose.
        first.load += 1
        second.load += 2
        #expect(endpoint.load == 3 && first.chosen === endpoint)
    }

    @Test func `two connections from the same address are two clients`() throws {
        let endpoint = Self.pool(.version2).endpoints[0]
        #expect(endpoint.serving(try Self.client("192.0.2.1:1")) !== endpoint.serving(try Self.client("192.0.2.1:1")))
    }

    @Test func `what was for a client goes with it`() throws {
        let endpoint = Self.pool(.version1).endpoints[0]
        var made: EndpointPool?
        do {
            let client = try Self.client("192.0.2.1:1")
            made = endpoint.serving(client)
            #expect(endpoint.variants.count == 1 && made?.isCurrent == true)
        }
        #expect(endpoint.variants.count == 0 && made?.isCurrent == false)
    }

    @Test func `an endpoint that is told nothing is shared`() throws {
        let endpoint = Self.pool(.none).endpoints[0]
        let client = try Self.client("192.0.2.1:1")
        #expect(endpoint.serving(client) === endpoint && endpoint.preamble(for: client).isEmpty)
    }

    @Test func `what an endpoint is told changes for new connections at once`() throws {
        let old = Self.pool(.version1)
        let client = try Self.client("192.0.2.1:1")
        let before = old.endpoints[0].serving(client)
        let new = Self.pool(.none, after: old)
        old.retire(keeping: new)
        #expect(new.endpoints[0] !== old.endpoints[0] && !before.isCurrent)
        let same = Self.pool(.none, after: new)
        #expect(same.endpoints[0] === new.endpoints[0])
    }
}
