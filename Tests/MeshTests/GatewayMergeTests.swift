import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing
import YAML

/// A mesh with one gateway pod, `istio-system/ingress`, behind a Service that maps 80 to 8080 and 443 to 8443.
struct GatewayFixture {
    var mesh = MeshFixture()

    init() throws {
        mesh.pod("istio-system", "ingress", app: "ingress", labels: ["istio": "ingressgateway"], port: 8443)
        try mesh.service(
            "istio-system",
            "ingress",
            ports: "[{name: http2, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: web}]"
        )
        mesh.pod("foo", "web")
        try mesh.service("foo", "web")
        mesh.pod("bar", "other")
        try mesh.service("bar", "other")
    }

    /// Adds a Gateway that selects the pod; `servers` in YAML.
    mutating func gateway(
        _ name: String,
        in namespace: String = "foo",
        created: String = "2024-01-01T00:00:00Z",
        selector: String = "{istio: ingressgateway}",
        _ servers: String
    ) throws {
        mesh.add([
            "apiVersion": "networking.istio.io/v1", "kind": "Gateway",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace), "creationTimestamp": .string(created),
            ],
            "spec": ["selector": try YAML.value(selector), "servers": try YAML.value(servers)],
        ])
    }

    /// Adds a VirtualService for `hosts`; `routes` are the members of its spec in YAML.
    mutating func virtualService(
        _ name: String,
        in namespace: String = "foo",
        created: String = "2024-01-01T00:00:00Z",
        gateway: String = "gw",
        hosts: [String],
        _ routes: String = "http: [{route: [{destination: {host: web, port: {number: 8000}}}]}]"
    ) throws {
        var spec = try YAML.value(routes)
        spec["gateways"] = [.string(gateway)]
        spec["hosts"] = .strings(hosts)
        mesh.add([
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace), "creationTimestamp": .string(created),
            ],
            "spec": spec,
        ])
    }

    func view(_ model: MeshModel) throws -> GatewayView {
        model.gatewayView(of: try #require(model.pod("istio-system", "ingress")))
    }

    var decision: GatewayDecision {
        get throws {
            let model = mesh.model
            #expect(model.problems.isEmpty)
            return try view(model).decision(in: model)
        }
    }

    func routes(_ name: String) throws -> GatewayRoutes {
        let model = mesh.model
        #expect(model.problems.isEmpty)
        return try #require(try view(model).routes(name, in: model))
    }

    /// One line for each chain: `0.0.0.0:8443 [a.com] TLS -> https.443.https.gw.foo`.
    var lines: [String] {
        get throws { try decision.listeners.flatMap { listener in listener.chains.map { Self.line(listener, $0) } } }
    }

    private static func line(_ listener: GatewayDecision.Listener, _ chain: GatewayDecision.Chain) -> String {
        let transport =
            switch chain.transport {
            case .plaintext: "plain"
            case .terminate: "TLS"
            case .passthrough: "pass"
            }
        let content =
            switch chain.content {
            case .http(let routes): routes
            case .bytes(let destinations): destinations.map(\.name.description).joined(separator: ",")
            case .mutualTLS(let name): name.serverName
            }
        let names = chain.serverNames.isEmpty ? "*" : chain.serverNames.joined(separator: ",")
        return "\(listener.address.bind):\(listener.address.port) \(names) \(transport) -> \(content)"
    }

    var reasons: [String] { get throws { try decision.conflicts.map { "\($0.gateway) \($0.server): \($0.reason)" } } }
}

@Suite struct GatewayMergeTests {
    private static let https =
        "port: {number: 443, name: https, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: c}"

    // Selection and ports

    @Test func `a service's port means its target port, by name as well as by number`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway(
            "gw",
            "[{hosts: ['*'], port: {number: 80, name: http, protocol: HTTP}}, {hosts: [a.com], \(Self.https)}]"
        )
        #expect(
            try fixture.lines == [
                "0.0.0.0:8080 * plain -> http.8080", "0.0.0.0:8443 a.com TLS -> https.443.https.gw.foo",
            ]
        )
    }

    @Test func `a port of no service is the pod's own`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*'], port: {number: 9090, name: http, protocol: HTTP}}]")
        #expect(try fixture.lines == ["0.0.0.0:9090 * plain -> http.9090"])
    }

    @Test func `a service can opt out of port translation`() throws {
        var fixture = try GatewayFixture()
        fixture.mesh = MeshFixture()
        fixture.mesh.pod("istio-system", "ingress", labels: ["istio": "ingressgateway"])
        try fixture.mesh.add(
            """
            apiVersion: v1
            kind: Service
            metadata:
              {name: ingress, namespace: istio-system, labels: {experimental.istio.io/disable-gateway-port-translation: "true"}}
            spec: {selector: {istio: ingressgateway}, clusterIP: 10.96.0.9, ports: [{name: http2, port: 80, targetPort: 8080}]}
            """
        )
        try fixture.gateway("gw", "[{hosts: ['*'], port: {number: 80, name: http, protocol: HTTP}}]")
        #expect(try fixture.lines == ["0.0.0.0:80 * plain -> http.80"])
    }

    @Test(arguments: [
        ("{istio: ingressgateway}", true), ("{istio: egressgateway}", false), ("null", true), ("{}", true),
        ("{istio: ingressgateway, app: ingress}", true), ("{istio: ingressgateway, app: x}", false),
    ])
    func `a selector must be among the pod's labels, and none is for every gateway`(selector: String, isOpen: Bool)
        throws
    {
        var fixture = try GatewayFixture()
        try fixture.gateway(
            "gw",
            selector: selector,
            "[{hosts: ['*'], port: {number: 80, name: http, protocol: HTTP}}]"
        )
        #expect(try fixture.decision.listeners.isEmpty == !isOpen)
    }

    @Test func `gateways of other namespaces count unless the mesh keeps them apart`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*'], port: {number: 80, name: http, protocol: HTTP}}]")
        var model = fixture.mesh.model
        #expect(try fixture.view(model).decision(in: model).listeners.count == 1)
        model.scopesGatewaysToNamespace = true
        #expect(try fixture.view(model).decision(in: model).listeners.isEmpty)
    }

    @Test func `a pod without privileges opens no port below 1024`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway(
            "gw",
            "[{hosts: ['*'], port: {number: 81, name: low, protocol: HTTP}}, {hosts: ['*'], port: {number: 80, name: http, protocol: HTTP}}]"
        )
        let model = fixture.mesh.model
        var pod = try #require(model.pod("istio-system", "ingress"))
        pod.isUnprivileged = true
        let decision = model.gatewayView(of: pod).decision(in: model)
        #expect(decision.listeners.map(\.address.port) == [8080])
        #expect(decision.conflicts.map(\.reason) == ["port 81 cannot be opened by a pod without privileges"])
    }

    // Merging

    @Test func `HTTP servers of several gateways share one listener and one table`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("a", "[{hosts: [a.com], port: {number: 80, name: http, protocol: HTTP}}]")
        try fixture.gateway("b", in: "bar", "[{hosts: [b.com], port: {number: 80, name: grpc, protocol: GRPC}}]")
        #expect(try fixture.lines == ["0.0.0.0:8080 * plain -> http.8080"])
        #expect(try fixture.routes("http.8080").serverHosts == ["a.com", "b.com"])
    }

    @Test func `a host that an older gateway has takes down the later server as a whole`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway(
            "late",
            in: "bar",
            created: "2024-02-01T00:00:00Z",
            "[{hosts: [a.com, b.com], \(Self.https)}]"
        )
        try fixture.gateway("early", "[{hosts: [a.com], \(Self.https)}]")
        #expect(try fixture.lines == ["0.0.0.0:8443 a.com TLS -> https.443.https.early.foo"])
        #expect(
            try fixture.reasons == [
                "bar/late https: host a.com is already served on port 443 by Gateway foo/early server https"
            ]
        )
    }

    @Test func `ports that are the same one in the pod are told apart as they are written`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("a", "[{hosts: [a.com], \(Self.https)}]")
        try fixture.gateway(
            "b",
            "[{hosts: [a.com], port: {number: 8443, name: https, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: c}}]"
        )
        #expect(
            try fixture.reasons == [
                "foo/b https: host a.com is already served on port 8443 by Gateway foo/a server https as its port 443"
            ]
        )
    }

    @Test func `the same port name in several gateways is no conflict`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("a", "[{hosts: [a.com], \(Self.https)}]")
        try fixture.gateway("b", "[{hosts: [b.com], \(Self.https)}]")
        #expect(
            try fixture.lines == [
                "0.0.0.0:8443 a.com TLS -> https.443.https.a.foo", "0.0.0.0:8443 b.com TLS -> https.443.https.b.foo",
            ]
        )
    }

    @Test func `everything of two namespaces is one host as a server name, and the later server is dropped`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("a", "[{hosts: ['./*'], \(Self.https)}]")
        try fixture.gateway("b", in: "bar", "[{hosts: ['./*'], \(Self.https)}]")
        #expect(try fixture.lines == ["0.0.0.0:8443 * TLS -> https.443.https.a.foo"])
        #expect(try fixture.reasons.count == 1)
    }

    @Test func `everything of every namespace stands for all hosts of the server`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: [a.com, '*/*'], \(Self.https)}]")
        #expect(try fixture.lines == ["0.0.0.0:8443 * TLS -> https.443.https.gw.foo"])
    }

    @Test func `another address is another listener, with hosts of its own`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("a", "[{hosts: [a.com], \(Self.https)}]")
        try fixture.gateway("b", "[{hosts: [a.com], bind: 10.0.0.1, \(Self.https)}]")
        try fixture.gateway("c", "[{hosts: [a.com], bind: 0.0.0.0, \(Self.https)}]")
        #expect(
            try fixture.lines == [
                "0.0.0.0:8443 a.com TLS -> https.443.https.a.foo",
                "10.0.0.1:8443 a.com TLS -> https.443.https.b.foo.10.0.0.1",
            ]
        )
        #expect(try fixture.reasons.count == 1)
    }

    @Test(arguments: [
        ("HTTP", "TCP", 1), ("TCP", "HTTP", 1), ("TCP", "TCP", 1), ("HTTP", "HTTP2", 0), ("GRPC", "HTTP", 0),
        ("GRPC-WEB", "HTTP", 0), ("MONGO", "HTTP", 1),
    ])
    func `without TLS only HTTP goes with HTTP on one port`(first: String, second: String, drops: Int) throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("a", "[{hosts: [a.com], port: {number: 80, name: one, protocol: \(first)}}]")
        try fixture.gateway("b", "[{hosts: [b.com], port: {number: 80, name: two, protocol: \(second)}}]")
        #expect(try fixture.decision.conflicts.count { $0.gateway.name == "b" } == drops)
    }

    @Test func `HTTPS does not go on a port that HTTP has`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("a", "[{hosts: [a.com], port: {number: 443, name: http, protocol: HTTP}}]")
        try fixture.gateway("b", "[{hosts: [b.com], \(Self.https)}]")
        #expect(try fixture.lines == ["0.0.0.0:8443 * plain -> http.8443"])
        #expect(
            try fixture.reasons == [
                "foo/b https: port 443 is already HTTP without TLS by Gateway foo/a server http, "
                    + "which HTTPS does not go with; use another port"
            ]
        )
    }

    @Test func `HTTP goes beside TLS on a port that TLS has`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("a", "[{hosts: [a.com], \(Self.https)}]")
        try fixture.gateway("b", "[{hosts: [b.com], port: {number: 443, name: http, protocol: HTTP}}]")
        #expect(
            try fixture.lines == [
                "0.0.0.0:8443 a.com TLS -> https.443.https.a.foo", "0.0.0.0:8443 * plain -> http.8443",
            ]
        )
    }

    @Test func `a wildcard that is no whole label cannot be a server name`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*-x.a.com'], \(Self.https)}]")
        #expect(try fixture.lines.isEmpty)
        #expect(try fixture.reasons.count == 1)
    }

    @Test func `a gateway that the webhook would refuse leaves its last good version in force`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: [a.com], \(Self.https)}]")
        try fixture.gateway(
            "gw",
            "[{hosts: [b.com], port: {number: 80, name: http, protocol: HTTP}, tls: {mode: SIMPLE, credentialName: c}}]"
        )
        let model = fixture.mesh.model
        let decision = try fixture.view(model).decision(in: model)
        #expect(decision.listeners.map(\.address.port) == [8443])
        #expect(
            model.problems.values.map(\.self) == [
                "Gateway foo/gw is invalid: server cannot have TLS settings for plain text HTTP ports"
            ]
        )
    }
}
