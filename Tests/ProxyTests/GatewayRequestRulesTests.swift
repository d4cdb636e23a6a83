import Base
import Discovery
import HTTP
import Testing

@testable import Proxy

@Suite struct GatewayRequestRulesTests {
    static func edited(_ fields: [(String, String)]) -> HTTP1Head {
        var head = RouteMatchTests.head("/", fields)
        let peer = SocketAddress(IPAddress(ipv4: 0xC633_6401), port: 5000)
        let info = ConnectionInfo(.gateway, peer: peer, target: SocketAddress(.loopback, port: 80))
        _ = GatewayRequestRules(info: info).apply(to: &head)
        return head
    }

    @Test(arguments: [
        ([], "198.51.100.1"), ([("x-forwarded-for", "192.0.2.1")], "192.0.2.1,198.51.100.1"),
        ([("X-Forwarded-For", "a"), ("other", "x"), ("x-forwarded-for", "b, c")], "a,b, c,198.51.100.1"),
    ])
    func `the client is the last in x-forwarded-for, which is one field`(fields: [(String, String)], expected: String) {
        let head = Self.edited(fields)
        #expect(head.text(of: .xForwardedFor) == expected)
        let first = head.firstIndex(of: .xForwardedFor) ?? 0
        #expect(head.firstIndex(of: .xForwardedFor, from: first + 1) == nil)
    }

    @Test func `fields for proxies do not come in from outside`() {
        let head = Self.edited([
            ("X-Envoy-Internal", "true"), ("x-envoy-upstream-rq-timeout-ms", "1"), ("x-envoy-retry-on", "5xx"),
            ("x-envoyish", "stays"), ("X-Envoy-External-Address", "10.0.0.1"), ("x-forwarded-proto", "https"),
        ])
        let left = head.fieldIndices.filter { !head.isRemoved(at: $0) }.map { String(octets: head.name(at: $0)) }
        #expect(left.filter { $0.lowercased().hasPrefix("x-envoy-") } == ["x-envoy-external-address"])
        #expect(left.contains("x-envoyish"))
        #expect(head.text(of: .xEnvoyExternalAddress) == "198.51.100.1")
        #expect(head.text(of: .xForwardedProto) == "http")
    }
}

@Suite struct TrustedProxyTests {
    static func client(_ trusted: Int, _ fields: [(String, String)]) -> (IPAddress?, HTTP1Head) {
        var head = RouteMatchTests.head("/", fields)
        let peer = SocketAddress(IPAddress(ipv4: 0xC633_6401), port: 5000)
        let info = ConnectionInfo(.gateway, peer: peer, target: SocketAddress(.loopback, port: 80))
        return (GatewayRequestRules(info: info, trustedProxies: trusted).apply(to: &head), head)
    }

    @Test(arguments: [
        (0, "192.0.2.1", nil), (1, "192.0.2.1", "192.0.2.1"), (1, "192.0.2.9,192.0.2.1", "192.0.2.1"),
        (2, "192.0.2.9, 192.0.2.1", "192.0.2.9"), (2, "192.0.2.1", nil), (1, "unknown", nil),
        (1, "2001:db8::1", "2001:db8::1"), (1, "", nil), (3, ",,192.0.2.1", nil),
    ])
    func `the client is so many from the end of the list`(trusted: Int, list: String, expected: String?) {
        let (client, head) = Self.client(trusted, [("x-forwarded-for", list)])
        #expect(client == expected.flatMap { IPAddress($0) })
        #expect(head.text(of: .xEnvoyExternalAddress) == expected ?? "198.51.100.1")
        #expect(head.text(of: .xForwardedFor) == "\(list),198.51.100.1")
    }

    @Test func `several fields are one list`() {
        let fields = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "192.0.2.2")]
        #expect(Self.client(2, fields).0 == IPAddress("192.0.2.1"))
    }

    @Test func `the scheme is believed of proxies alone`() {
        let fields = [("x-forwarded-proto", "https")]
        #expect(Self.client(0, fields).1.text(of: .xForwardedProto) == "http")
        #expect(Self.client(1, fields).1.text(of: .xForwardedProto) == "https")
        #expect(Self.client(1, []).1.text(of: .xForwardedProto) == "http")
    }
}

@Suite struct WeightedDestinationTests {
    @Test func `shares are as the weights are`() {
        var random = SplitMix64(seed: 7)
        let destinations = [WeightedDestination("a", weight: 9), WeightedDestination("b", weight: 1)]
        var counts: [String: Int] = [:]
        for _ in 0..<10_000 { counts[destinations.pick(&random), default: 0] += 1 }
        #expect((8800...9200).contains(counts["a"] ?? 0))
        #expect(counts.values.reduce(0, +) == 10_000)
        #expect([WeightedDestination("c", weight: 0)].pick(&random) == "c")
    }
}
