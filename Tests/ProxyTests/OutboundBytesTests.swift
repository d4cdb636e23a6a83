import Discovery
import Testing

@testable import Proxy

@Suite struct OutboundBytesTests {
    static let routes: ServerNameRoutes = {
        func route(_ names: [String], _ destination: String) -> ServerNameRoutes.Route {
            .init(serverNames: names, destinations: [WeightedDestination(destination)])
        }
        let routes = [
            route(["*.foo"], "suffix"), route(["*.a.foo"], "longer"), route(["www.a.foo", "b.foo"], "exact"),
            route(["b.foo", "*.foo"], "later"),
        ]
        return ServerNameRoutes(routes: routes, other: [WeightedDestination("rest")])
    }()

    @Test(arguments: [
        ("x.foo", "suffix"), ("x.a.foo", "longer"), ("www.a.foo", "exact"), ("b.foo", "exact"), ("foo", "rest"),
        (".foo", "rest"), ("a.foo", "suffix"), ("x.bar", "rest"), (nil, "rest"),
    ])
    func `the exact name wins over the longest suffix, of equal ones the first`(name: String?, expected: String) {
        #expect(Self.routes.destinations(for: name).map(\.name) == [expected])
    }

    static func judge(_ text: String, _ routes: ServerNameRoutes = routes, looksForHTTP: Bool) -> OutboundBytes.Verdict
    {
        OutboundBytes.judge(text.utf8.span, routes, looksForHTTP: looksForHTTP)
    }

    @Test func `requests are told apart only where they may come`() {
        let rest = OutboundBytes.Verdict.bytes([WeightedDestination("rest")], serverName: nil)
        #expect(Self.judge("GET / HTTP/1.1\r\n", looksForHTTP: true) == .http)
        #expect(Self.judge("GET / HTTP/1.1\r\n", looksForHTTP: false) == rest)
        #expect(Self.judge("\u{1}\u{2}", looksForHTTP: true) == rest)
        #expect(Self.judge("", looksForHTTP: true) == .needsMore(1))
        #expect(Self.judge("GE", looksForHTTP: true) == .needsMore(3))
    }

    @Test func `the beginning of a ClientHello is waited for only when names count`() {
        guard case .needsMore = Self.judge("\u{16}\u{3}\u{1}", looksForHTTP: true) else {
            Issue.record("more must come")
            return
        }
        let none = ServerNameRoutes(other: [WeightedDestination("rest")])
        let verdict = Self.judge("\u{16}\u{3}\u{1}", none, looksForHTTP: true)
        #expect(verdict == .bytes([WeightedDestination("rest")], serverName: nil))
    }
}
