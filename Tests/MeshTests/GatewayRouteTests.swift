import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing

@Suite struct GatewayRouteTests {
    private static let http = "port: {number: 80, name: http, protocol: HTTP}"

    /// `domain: destination, …` for each virtual host.
    private func table(_ routes: GatewayRoutes) -> [String] {
        routes.virtualHosts.map { host in
            let actions = host.routes.map { route in
                switch route.action {
                case .forward(let forwarding): forwarding.destinations.map(\.name.host).joined(separator: "+")
                case .redirect: "redirect"
                case .respond: "respond"
                }
            }
            return "\(host.domain)\(host.redirectsToHTTPS ? "!" : ""): \(actions.joined(separator: " "))"
        }
    }
    private static let web = "web.foo.svc.cluster.local"
    private static let other = "other.bar.svc.cluster.local"
    private static let toOther =
        "http: [{route: [{destination: {host: other.bar.svc.cluster.local, port: {number: 8000}}}]}]"

    @Test(arguments: [
        (["a.com"], ["a.com"], ["a.com"]), (["*.a.com"], ["x.a.com", "b.com"], ["x.a.com"]),
        (["x.a.com"], ["*.a.com"], ["x.a.com"]), (["*"], ["A.com", "*.b.com"], ["*.b.com", "a.com"]),
        (["a.com", "b.com"], ["*"], ["a.com", "b.com"]), (["*.a.com"], ["*.x.a.com"], ["*.x.a.com"]),
        (["*.x.a.com"], ["*.a.com"], ["*.x.a.com"]), (["a.com"], ["b.com"], []), (["*.a.com"], ["a.com"], []),
        (["foo/a.com"], ["a.com"], ["a.com"]), (["bar/a.com"], ["a.com"], []), (["./*"], ["a.com"], ["a.com"]),
        (["*/a.com"], ["a.com"], ["a.com"]), (["*"], ["*"], ["*"]),
    ])
    func `virtual hosts are the narrower of the names that both have`(
        server: [String],
        hosts: [String],
        domains: [String]
    ) throws {
        var fixture = try GatewayFixture()
        let list = server.map { "'\($0)'" }.joined(separator: ", ")
        try fixture.gateway("gw", "[{hosts: [\(list)], \(Self.http)}]")
        try fixture.virtualService("vs", hosts: hosts)
        #expect(try fixture.routes("http.8080").virtualHosts.map(\.domain) == domains)
    }

    @Test func `without a virtual service there is no virtual host, and every request gets 404`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*'], \(Self.http)}]")
        #expect(try fixture.routes("http.8080").virtualHosts.isEmpty)
        #expect(try fixture.lines == ["0.0.0.0:8080 * plain -> http.8080"])
    }

    @Test func `routes of several virtual services follow each other by age, catch-alls at the end`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*'], \(Self.http)}]")
        try fixture.virtualService(
            "late",
            created: "2024-03-01T00:00:00Z",
            hosts: ["a.com"],
            "http: [{match: [{uri: {prefix: /x}}], redirect: {uri: /y}}]"
        )
        try fixture.virtualService("early", created: "2024-02-01T00:00:00Z", hosts: ["a.com"])
        #expect(table(try fixture.routes("http.8080")) == ["a.com: redirect \(Self.web)"])
    }

    @Test func `a match for everything beside others is split off to the end`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*'], \(Self.http)}]")
        try fixture.virtualService(
            "a",
            hosts: ["a.com"],
            "http: [{match: [{uri: {prefix: /x}}, {uri: {prefix: /}}], redirect: {uri: /y}}]"
        )
        try fixture.virtualService(
            "b",
            hosts: ["a.com"],
            "http: [{match: [{uri: {prefix: /x}}], directResponse: {status: 200}}]"
        )
        #expect(table(try fixture.routes("http.8080")) == ["a.com: redirect respond redirect"])
    }

    @Test func `a virtual service is bound by the gateway's full name, and of one namespace by its short one`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*'], \(Self.http)}]")
        try fixture.virtualService("a", in: "bar", hosts: ["a.com"])
        try fixture.virtualService("b", in: "bar", gateway: "foo/gw", hosts: ["b.com"], Self.toOther)
        #expect(table(try fixture.routes("http.8080")) == ["b.com: \(Self.other)"])
    }

    @Test func `a virtual service that the gateway's namespace does not see has no routes there`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*'], \(Self.http)}]")
        try fixture.virtualService(
            "a",
            hosts: ["a.com"],
            "{exportTo: ['.'], http: [{route: [{destination: {host: web}}]}]}"
        )
        try fixture.virtualService(
            "b",
            hosts: ["b.com"],
            "{exportTo: [istio-system], http: [{route: [{destination: {host: web}}]}]}"
        )
        #expect(try fixture.routes("http.8080").virtualHosts.map(\.domain) == ["b.com"])
    }

    @Test func `each HTTPS server has routes of its own`() throws {
        var fixture = try GatewayFixture()
        let tls = "tls: {mode: SIMPLE, credentialName: c}"
        try fixture.gateway(
            "gw",
            """
            [{hosts: [a.com], port: {number: 443, name: a, protocol: HTTPS}, \(tls)},
             {hosts: [b.com], port: {number: 443, name: b, protocol: HTTPS}, \(tls)}]
            """
        )
        try fixture.virtualService("a", hosts: ["a.com"])
        try fixture.virtualService("b", hosts: ["b.com"], Self.toOther)
        #expect(table(try fixture.routes("https.443.a.gw.foo")) == ["a.com: \(Self.web)"])
        #expect(table(try fixture.routes("https.443.b.gw.foo")) == ["b.com: \(Self.other)"])
        #expect(try fixture.routes("https.443.b.gw.foo").serverHosts == ["b.com"])
        #expect(try fixture.routes("https.443.b.gw.foo").port == 443)
    }

    // Redirects

    @Test func `a redirect needs no virtual service, and holds for the host in every gateway`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: [a.com, b.com], \(Self.http), tls: {httpsRedirect: true}}]")
        try fixture.gateway("z", "[{hosts: [a.com], \(Self.http)}]")
        try fixture.virtualService("vs", gateway: "z", hosts: ["a.com"])
        #expect(table(try fixture.routes("http.8080")) == ["a.com!: \(Self.web)", "b.com!: "])
    }

    @Test func `two redirects for one host in one namespace are one too many`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("a", "[{hosts: [a.com], \(Self.http), tls: {httpsRedirect: true}}]")
        try fixture.gateway("b", "[{hosts: [a.com], \(Self.http), tls: {httpsRedirect: true}}]")
        #expect(try fixture.reasons.count == 1)
    }

    @Test func `the port of a match is the server's as written`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*'], \(Self.http)}]")
        try fixture.virtualService("a", hosts: ["a.com"], "http: [{match: [{port: 80}], redirect: {uri: /}}]")
        try fixture.virtualService("b", hosts: ["b.com"], "http: [{match: [{port: 8080}], redirect: {uri: /}}]")
        #expect(table(try fixture.routes("http.8080")) == ["a.com: redirect", "b.com: "])
    }

    @Test func `looking up by host gives what comparing each pair gives`() throws {
        let hosts = [
            "*", "*.com", "*.a.com", "*.b.a.com", "a.com", "x.a.com", "x.b.a.com", "*-q.a.com", "1-q.a.com", "com",
        ]
        for server in hosts {
            for host in hosts {
                var fixture = try GatewayFixture()
                try fixture.gateway("gw", "[{hosts: ['*/\(server == "com" ? "com.x" : server)'], \(Self.http)}]")
                try fixture.virtualService("vs", hosts: [host])
                let name = server == "com" ? "com.x" : server
                let domains = try fixture.routes("http.8080").virtualHosts.map(\.domain)
                #expect(domains == Self.narrower(name, host).map { [$0] } ?? [], "\(name) and \(host)")
            }
        }
    }

    /// The narrower of two names of which one covers the other.
    private static func narrower(_ left: String, _ right: String) -> String? {
        func covers(_ pattern: String, _ host: String) -> Bool {
            pattern == host
                || pattern.hasPrefix("*")
                    && (host.hasPrefix("*") ? host.dropFirst() : host[...]).hasSuffix(pattern.dropFirst())
        }
        return covers(left, right) ? right : covers(right, left) ? left : nil
    }
}
