import Mesh
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
