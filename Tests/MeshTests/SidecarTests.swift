import Mesh
import MeshAPI
import TestMesh
import Testing

@Suite struct SidecarTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let rule: String
        let sidecars: String
        /// Which of `httpbin.foo` and `httpbin.bar` a client in `foo` labelled `app: sleep` sees.
        let sees: [String]
        var allowsUnknown = true
        var testDescription: String { rule }
    }

    private static func sidecar(
        _ namespace: String,
        _ name: String,
        _ members: String,
        created: String = "2024-01-01T00:00:00Z"
    ) -> String {
        """
        ---
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {namespace: \(namespace), name: \(name), creationTimestamp: "\(created)"}
        spec: {\(members)}

        """
    }

    static let cases = [
        Case(rule: "no Sidecar", sidecars: "", sees: ["foo", "bar"]),
        Case(rule: "everything", sidecars: sidecar("foo", "s", "egress: [{hosts: ['*/*']}]"), sees: ["foo", "bar"]),
        Case(rule: "its own namespace", sidecars: sidecar("foo", "s", "egress: [{hosts: ['./*']}]"), sees: ["foo"]),
        Case(rule: "a namespace by name", sidecars: sidecar("foo", "s", "egress: [{hosts: ['bar/*']}]"), sees: ["bar"]),
        Case(rule: "nothing", sidecars: sidecar("foo", "s", "egress: [{hosts: ['~/*']}]"), sees: []),
        Case(
            rule: "a host by name",
            sidecars: sidecar("foo", "s", "egress: [{hosts: ['*/httpbin.bar.svc.cluster.local']}]"),
            sees: ["bar"]
        ),
        Case(
            rule: "hosts by wildcard, in several listeners",
            sidecars: sidecar("foo", "s", "egress: [{hosts: ['*/*.bar.svc.cluster.local']}, {hosts: ['./*']}]"),
            sees: ["foo", "bar"]
        ),
        Case(
            rule: "another namespace's",
            sidecars: sidecar("bar", "s", "egress: [{hosts: ['./*']}]"),
            sees: ["foo", "bar"]
        ),
        Case(
            rule: "the root namespace's",
            sidecars: sidecar("istio-system", "s", "egress: [{hosts: ['./*']}]"),
            sees: ["foo"]
        ),
        Case(
            rule: "its own namespace's before the root namespace's",
            sidecars: sidecar("istio-system", "s", "egress: [{hosts: ['./*']}]")
                + sidecar("foo", "s", "egress: [{hosts: ['*/*']}]"),
            sees: ["foo", "bar"]
        ),
        Case(
            rule: "one that selects it before one for all",
            sidecars: sidecar("foo", "all", "egress: [{hosts: ['*/*']}]")
                + sidecar(
                    "foo",
                    "some",
                    "workloadSelector: {labels: {app: sleep}}, egress: [{hosts: ['./*']}]",
                    created: "2024-01-02T00:00:00Z"
                ),
            sees: ["foo"]
        ),
        Case(
            rule: "one that selects others",
            sidecars: sidecar("foo", "some", "workloadSelector: {labels: {app: other}}, egress: [{hosts: ['./*']}]"),
            sees: ["foo", "bar"]
        ),
        Case(
            rule: "the older of two",
            sidecars: sidecar("foo", "a", "egress: [{hosts: ['bar/*']}]", created: "2024-01-02T00:00:00Z")
                + sidecar("foo", "b", "egress: [{hosts: ['./*']}]"),
            sees: ["foo"]
        ),
        Case(
            rule: "its policy for unknown destinations",
            sidecars: sidecar("foo", "s", "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"),
            sees: ["foo", "bar"],
            allowsUnknown: false
        ),
    ]

    @Test(arguments: cases) func `a Sidecar limits what its clients see`(rule: Case) throws {
        var mesh = MeshFixture()
        try mesh.service("foo", "httpbin", address: "10.96.0.1")
        try mesh.service("bar", "httpbin", address: "10.96.0.2")
        try mesh.add(rule.sidecars)
        let model = mesh.model
        let client = Client(namespace: "foo", labels: ["app": "sleep"])
        for (namespace, address) in [("foo", "10.96.0.1"), ("bar", "10.96.0.2")] {
            let name = DestinationName(host: "httpbin.\(namespace).svc.cluster.local", port: 8000)
            let isSeen = rule.sees.contains(namespace)
            #expect((model.destination(name, for: client) != nil) == isSeen)
            #expect((model.route(for: client, toHost: "httpbin.\(namespace)", port: 8000).destination != nil) == isSeen)
            #expect((model.route(for: client, to: address, port: 8000).route == .http(port: 8000)) == isSeen)
        }
        let unknown = model.route(for: client, to: "192.0.2.1", port: 443)
        #expect(unknown.route == .bytes(rule.allowsUnknown ? .passthrough : .blackHole))
        #expect(unknown.allowsUnknownHosts == rule.allowsUnknown)
    }

    @Test func `a name for another name leads to the address that DNS gave, without automatic TLS`() throws {
        var mesh = MeshFixture()
        try mesh.add(
            """
            apiVersion: v1
            kind: Service
            metadata: {namespace: foo, name: ext}
            spec: {type: ExternalName, externalName: example.com, ports: [{name: http, port: 80}]}
            """
        )
        let model = mesh.model
        let name = try #require(model.route(for: Client(namespace: "foo"), toHost: "ext", port: 80).destination)
        let decision = try #require(model.destination(name, for: Client(namespace: "foo")))
        #expect(decision.usesOriginalDestination && !decision.encryptsUnlisted && decision.tls == nil)
    }
}

@Suite struct SidecarListenerTests {
    private static func sidecar(_ members: String) -> String {
        """
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {namespace: foo, name: s}
        spec: {\(members)}
        """
    }
    private let client = Client(namespace: "foo", labels: ["app": "sleep"])

    private func model(_ members: String) throws -> MeshModel {
        var mesh = MeshFixture()
        mesh.pod("foo", "httpbin")
        let ports = "[{name: http, port: 8000, targetPort: 80}, {name: tcp, port: 9000}]"
        try mesh.service("foo", "httpbin", ports: ports, address: "10.96.0.1")
        try mesh.service("bar", "httpbin", ports: ports, address: "10.96.0.2")
        try mesh.add(Self.sidecar(members))
        return mesh.model
    }

    @Test func `ingress listeners are the declared ports, in place of Services'`() throws {
        let model = try model(
            """
            ingress: [{port: {number: 80, protocol: HTTP2, name: a}, defaultEndpoint: '127.0.0.1:8080'},
              {port: {number: 7000, protocol: TCP, name: b}, defaultEndpoint: 'unix:///run/app.sock'},
              {port: {number: 7001, protocol: TCP, name: c}, defaultEndpoint: '0.0.0.0:7002', captureMode: NONE},
              {port: {number: 7003, protocol: TCP, name: d}}]
            """
        )
        let inbound = model.inbound(of: try #require(model.pod("foo", "httpbin")))
        #expect(inbound.ports.map(\.number) == [80, 7000, 7001, 7003])
        #expect(inbound.ports.map(\.application) == [.http2, .tcp, .tcp, .tcp])
        #expect(
            inbound.ports.map(\.endpoint)
                == [.loopback(port: 8080, isIPv6: false), .socket("/run/app.sock"), .workload(port: 7002), nil]
        )
        // Telemetry still knows the service.
        #expect(inbound.ports[0].service == "httpbin.foo.svc.cluster.local" && inbound.ports[0].servicePort == 8000)
        #expect(inbound.listeners.map(\.address) == ["0.0.0.0"])
        #expect(inbound.listeners.map(\.port) == [7001] && inbound.listeners.allSatisfy(\.isInbound))
        #expect(inbound.sidecar?.description == "Sidecar foo/s")
    }

    @Test func `without ingress listeners Services declare the ports`() throws {
        let model = try model("egress: [{hosts: ['*/*']}]")
        let inbound = model.inbound(of: try #require(model.pod("foo", "httpbin")))
        #expect(inbound.ports.map(\.number) == [80, 9000] && inbound.sidecar == nil && inbound.listeners.isEmpty)
    }

    @Test func `policies hold for ingress ports, and for ports that no listener declares`() throws {
        var mesh = MeshFixture()
        mesh.pod("foo", "httpbin")
        try mesh.add(Self.sidecar("ingress: [{port: {number: 7000, protocol: TCP, name: b}}]"))
        try mesh.add(
            peerAuthentication(
                "foo",
                "w",
                "selector: {matchLabels: {app: httpbin}}, mtls: {mode: STRICT}, "
                    + "portLevelMtls: {7000: {mode: DISABLE}, 7777: {mode: PERMISSIVE}}"
            )
        )
        let inbound = mesh.model.inbound(of: try #require(mesh.model.pod("foo", "httpbin")))
        #expect(inbound.ports.map(\.number) == [7000, 7777])
        #expect(inbound.ports.map(\.mode.mode) == [.disable, .permissive] && inbound.otherMode.mode == .strict)
    }

    @Test func `a listener's protocol decides how the connection is read at the server`() throws {
        let model = try model("ingress: [{port: {number: 80, protocol: TCP, name: a}}]")
        #expect(model.inbound(of: try #require(model.pod("foo", "httpbin"))).ports[0].application == .tcp)
    }

    @Test func `an egress listener with a port is for that port alone`() throws {
        let model = try model(
            "egress: [{port: {number: 8000, protocol: HTTP, name: a}, hosts: ['bar/*']}, {hosts: ['./*']}]"
        )
        func sees(_ namespace: String, _ port: Int) -> Bool {
            model.route(for: client, to: namespace == "foo" ? "10.96.0.1" : "10.96.0.2", port: port).reason
                == "httpbin.\(namespace).svc.cluster.local"
        }
        #expect(!sees("foo", 8000) && sees("bar", 8000) && sees("foo", 9000) && !sees("bar", 9000))
        #expect(model.route(for: client, toHost: "httpbin.foo", port: 8000).destination == nil)
        #expect(model.route(for: client, toHost: "httpbin.bar", port: 8000).destination != nil)
    }

    @Test func `without a listener for all ports nothing is seen on others`() throws {
        let model = try model("egress: [{port: {number: 8000, protocol: HTTP, name: a}, hosts: ['*/*']}]")
        #expect(model.route(for: client, to: "10.96.0.1", port: 8000).route == .http(port: 8000))
        #expect(model.route(for: client, to: "10.96.0.1", port: 9000).route == .bytes(.passthrough))
    }

    @Test func `a listener of its own routes requests by host, and bytes to the oldest service`() throws {
        let model = try model(
            """
            egress: [{port: {number: 8000, protocol: HTTP, name: a}, bind: 127.0.0.1, captureMode: NONE, hosts: ['bar/*']},
              {port: {number: 9000, protocol: TCP, name: b}, captureMode: NONE, hosts: ['bar/*']}, {hosts: ['./*']}]
            """
        )
        #expect(model.route(for: client, to: "127.0.0.1", port: 8000).route == .http(port: 8000))
        let name = DestinationName(host: "httpbin.bar.svc.cluster.local", port: 9000)
        #expect(model.route(for: client, to: "127.0.0.1", port: 9000).route == .bytes(.destination(name)))
        let inbound = model.inbound(of: try #require(model.pod("foo", "httpbin")))
        #expect(inbound.listeners.map(\.address) == ["127.0.0.1", "127.0.0.1"])
        #expect(inbound.listeners.map(\.port) == [8000, 9000] && inbound.listeners.allSatisfy { !$0.isInbound })
    }

    @Test func `an upstream that only routes lead to may be reached, and is not seen by name`() throws {
        var mesh = MeshFixture()
        try mesh.service("foo", "front", address: "10.96.0.1")
        try mesh.service("bar", "back", address: "10.96.0.2")
        try mesh.service("bar", "other", address: "10.96.0.3")
        try mesh.add(Self.sidecar("egress: [{hosts: ['./*']}]"))
        try mesh.add(
            """
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {namespace: foo, name: front}
            spec: {hosts: [front], http: [{route: [{destination: {host: back.bar.svc.cluster.local}}]}]}
            """
        )
        let model = mesh.model
        func upstream(_ host: String) -> DestinationDecision? {
            model.destination(DestinationName(host: "\(host).svc.cluster.local", port: 8000), for: client)
        }
        #expect(upstream("back.bar") != nil && upstream("other.bar") == nil)
        #expect(model.route(for: client, toHost: "back.bar", port: 8000).destination == nil)
    }

    @Test func `what is unknown goes to the egress proxy`() throws {
        let model = try model(
            "egress: [{hosts: ['./*']}], outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: httpbin.bar.svc.cluster.local, port: {number: 9000}}}"
        )
        let proxy = DestinationName(host: "httpbin.bar.svc.cluster.local", port: 9000)
        #expect(model.route(for: client, to: "192.0.2.1", port: 443).route == .bytes(.destination(proxy)))
        #expect(model.route(for: client, toHost: "unknown.example", port: 8000).destination == proxy)
        #expect(model.destination(proxy, for: client) != nil)
        let known = model.route(for: client, toHost: "httpbin", port: 8000).destination
        #expect(known?.host == "httpbin.foo.svc.cluster.local")
    }
}
