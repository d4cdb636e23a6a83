import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing

/// TCP, TLS and what goes through as it is.
@Suite struct GatewayBytesTests {
    private static let web = "outbound|8000||web.foo.svc.cluster.local"
    private static let other = "outbound|8000||other.bar.svc.cluster.local"
    private static let pass = "port: {number: 443, name: tls, protocol: TLS}, tls: {mode: PASSTHROUGH}"
    private static func route(_ host: String = "web", _ match: String) -> String {
        "{match: [\(match)], route: [{destination: {host: \(host), port: {number: 8000}}}]}"
    }

    @Test func `TCP goes where the first route that holds says`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*'], port: {number: 3306, name: sql, protocol: TCP}}]")
        try fixture.virtualService(
            "vs",
            hosts: ["*"],
            "tcp: [\(Self.route("other.bar.svc.cluster.local", "{port: 1}")), \(Self.route("web", "{port: 3306}"))]"
        )
        #expect(try fixture.lines == ["0.0.0.0:3306 * plain -> \(Self.web)"])
    }

    @Test(arguments: ["TCP", "MONGO", "MYSQL", "REDIS"])
    func `without a tcp route nothing listens, and that is told`(name: String) throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*'], port: {number: 3306, name: sql, protocol: \(name)}}]")
        try fixture.virtualService("vs", hosts: ["*"])
        #expect(try fixture.decision.listeners.isEmpty)
        #expect(
            try fixture.reasons == [
                "foo/gw sql: no VirtualService with a tcp route for its hosts is bound to it, so nothing listens"
            ]
        )
    }

    @Test func `TLS that ends here goes on as bytes`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway(
            "gw",
            "[{hosts: [a.com], port: {number: 443, name: tls, protocol: TLS}, tls: {mode: SIMPLE, credentialName: c}}]"
        )
        try fixture.virtualService("vs", hosts: ["a.com"], "tcp: [\(Self.route("web", "{port: 443}"))]")
        #expect(try fixture.lines == ["0.0.0.0:8443 a.com TLS -> \(Self.web)"])
    }

    @Test(arguments: ["TLS", "HTTPS"]) func `what passes through goes where its server name says`(name: String) throws {
        var fixture = try GatewayFixture()
        try fixture.gateway(
            "gw",
            "[{hosts: ['*.a.com', b.com], port: {number: 443, name: tls, protocol: \(name)}, tls: {mode: PASSTHROUGH}}]"
        )
        try fixture.virtualService(
            "vs",
            hosts: ["x.a.com", "b.com"],
            """
            tls: [\(Self.route("web", "{sniHosts: [x.a.com]}")),
                  \(Self.route("other.bar.svc.cluster.local", "{port: 443, sniHosts: [b.com]}")),
                  \(Self.route("web", "{port: 8443, sniHosts: [b.com]}"))]
            """
        )
        #expect(
            try fixture.lines == [
                "0.0.0.0:8443 x.a.com pass -> \(Self.web)", "0.0.0.0:8443 b.com pass -> \(Self.other)",
            ]
        )
    }

    @Test func `HTTP routes have no effect on what passes through`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*'], \(Self.pass)}]")
        try fixture.virtualService("vs", hosts: ["a.com"])
        #expect(try fixture.decision.listeners.isEmpty)
        #expect(try fixture.reasons.count == 1)
    }

    @Test func `a host wider than the server's passes nothing through`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: [x.a.com], \(Self.pass)}]")
        try fixture.virtualService("vs", hosts: ["*.a.com"], "tls: [\(Self.route("web", "{sniHosts: ['*.a.com']}"))]")
        #expect(try fixture.decision.listeners.isEmpty)
    }

    @Test func `a server name that another route has is left out`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*'], \(Self.pass)}]")
        try fixture.virtualService("a", hosts: ["a.com"], "tls: [\(Self.route("web", "{sniHosts: [a.com]}"))]")
        try fixture.virtualService(
            "b",
            hosts: ["a.com", "b.com"],
            "tls: [\(Self.route("other.bar.svc.cluster.local", "{sniHosts: [a.com]}")), \(Self.route("web", "{sniHosts: [b.com]}"))]"
        )
        #expect(
            try fixture.lines == [
                "0.0.0.0:8443 a.com pass -> \(Self.web)", "0.0.0.0:8443 b.com pass -> \(Self.web)",
            ]
        )
        #expect(
            try fixture.reasons == [
                "foo/gw tls: VirtualService foo/b: server name a.com is already that of VirtualService foo/a"
            ]
        )
    }

    @Test func `servers of a Gateway may share the VirtualService that routes them`() throws {
        var fixture = try GatewayFixture()
        let second = Self.pass.replacing("tls, protocol", with: "tls2, protocol")
        try fixture.gateway("gw", "[{hosts: [a.com], \(Self.pass)}, {hosts: [b.com], \(second)}]")
        try fixture.virtualService(
            "vs",
            hosts: ["a.com", "b.com"],
            "tls: [\(Self.route("web", "{sniHosts: [a.com]}")), \(Self.route("other.bar.svc.cluster.local", "{sniHosts: [b.com]}"))]"
        )
        #expect(try fixture.lines.count == 2)
        #expect(try fixture.reasons.isEmpty)
    }

    @Test func `services of the mesh are reached by their mesh server names`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway(
            "gw",
            in: "istio-system",
            "[{hosts: ['*.foo.svc.cluster.local'], port: {number: 15443, name: tls, protocol: TLS}, tls: {mode: AUTO_PASSTHROUGH}}]"
        )
        try fixture.mesh.add(
            """
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {name: web, namespace: foo}
            spec: {host: web, subsets: [{name: v1, labels: {app: web}}]}
            """
        )
        #expect(
            try fixture.lines == [
                "0.0.0.0:15443 outbound_.8000_._.web.foo.svc.cluster.local pass -> outbound_.8000_._.web.foo.svc.cluster.local",
                "0.0.0.0:15443 outbound_.8000_.v1_.web.foo.svc.cluster.local pass -> outbound_.8000_.v1_.web.foo.svc.cluster.local",
            ]
        )
        #expect(
            try fixture.decision.listeners.first?.chains.first?.applicationProtocols == [
                "istio-peer-exchange", "istio", "istio-http/1.0", "istio-http/1.1", "istio-h2",
            ]
        )
    }

    @Test func `passing on reaches only endpoints that speak mutual TLS, and adds none`() throws {
        var fixture = try GatewayFixture()
        fixture.mesh.pod("foo", "plain", app: "web", sidecar: false)
        let model = fixture.mesh.model
        let client = Client(try #require(model.pod("istio-system", "ingress")))
        let name = DestinationName(host: "web.foo.svc.cluster.local", port: 8000)
        #expect(model.destination(name, for: client)?.endpoints.count == 2)
        let passed = try #require(model.passthroughDestination(name, for: client))
        #expect(passed.endpoints.map(\.workload?.metadata.name) == ["web"])
        #expect(passed.tls == nil)
        #expect(passed.endpoints.allSatisfy { !$0.isEncrypted })
    }

    @Test(arguments: ["", "outbound_.", "outbound_.80_._.", "outbound_.080_._.a", "outbound_.99999_._.a", "x_.80_._.a"])
    func `what is no mesh server name is none`(text: String) { #expect(DestinationName(serverName: text) == nil) }

    @Test func `a mesh server name is read as written`() {
        for name in [
            DestinationName(host: "a.b", port: 80), DestinationName(host: "a_.b", port: 65535, subset: "v_1"),
        ] { #expect(DestinationName(serverName: name.serverName) == name) }
    }
}
