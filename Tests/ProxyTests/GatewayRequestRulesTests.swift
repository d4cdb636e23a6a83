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
        GatewayRequestRules(info: info).apply(to: &head)
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

@Suite struct WeightedDestinationTests {
    @Test func `shares are as the weights are`() {
        var random = FastRandom(seed: 7)
        let destinations = [WeightedDestination("a", weight: 9), WeightedDestination("b", weight: 1)]
        var counts: [String: Int] = [:]
        for _ in 0..<10_000 { counts[destinations.pick(&random), default: 0] += 1 }
        #expect((8800...9200).contains(counts["a"] ?? 0))
        #expect(counts.values.reduce(0, +) == 10_000)
        #expect([WeightedDestination("c", weight: 0)].pick(&random) == "c")
    }
}
