import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing

@Suite struct PeerAuthenticationModeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let rule: String
        let policies: String
        var port = 80
        let mode: MutualTLSMode
        let reason: String
        var testDescription: String { rule }
    }

    private static let selector = "selector: {matchLabels: {app: httpbin}}"

    static let cases = [
        Case(rule: "no policy is permissive", policies: "", mode: .permissive, reason: "mesh default"),
        Case(
            rule: "the mesh's policy holds everywhere",
            policies: peerAuthentication("istio-system", "default", "mtls: {mode: STRICT}"),
            mode: .strict,
            reason: "PeerAuthentication istio-system/default"
        ),
        Case(
            rule: "an empty selector in the root namespace is the mesh's",
            policies: peerAuthentication(
                "istio-system",
                "default",
                "{selector: {matchLabels: {}}, mtls: {mode: STRICT}}"
            ),
            mode: .strict,
            reason: "PeerAuthentication istio-system/default"
        ),
        Case(
            rule: "a selector in the root namespace is ignored",
            policies: peerAuthentication("istio-system", "default", "{\(selector), mtls: {mode: STRICT}}"),
            mode: .permissive,
            reason: "mesh default"
        ),
        Case(
            rule: "an unset mesh policy is permissive",
            policies: peerAuthentication("istio-system", "default", "{}"),
            mode: .permissive,
            reason: "PeerAuthentication istio-system/default"
        ),
        Case(
            rule: "the namespace overrides the mesh",
            policies: peerAuthentication("istio-system", "default", "mtls: {mode: STRICT}")
                + peerAuthentication("foo", "ns", "mtls: {mode: DISABLE}"),
            mode: .disable,
            reason: "PeerAuthentication foo/ns"
        ),
        Case(
            rule: "an unset namespace inherits the mesh",
            policies: peerAuthentication("istio-system", "default", "mtls: {mode: STRICT}")
                + peerAuthentication("foo", "ns", "mtls: {mode: UNSET}"),
            mode: .strict,
            reason: "PeerAuthentication istio-system/default"
        ),
        Case(
            rule: "another namespace's policy says nothing",
            policies: peerAuthentication("bar", "ns", "mtls: {mode: STRICT}"),
            mode: .permissive,
            reason: "mesh default"
        ),
        Case(
            rule: "the workload overrides the namespace",
            policies: peerAuthentication("foo", "ns", "mtls: {mode: STRICT}")
                + peerAuthentication("foo", "w", "{\(selector), mtls: {mode: PERMISSIVE}}"),
            mode: .permissive,
            reason: "PeerAuthentication foo/w"
        ),
        Case(
            rule: "all labels of a selector are needed",
            policies: peerAuthentication(
                "foo",
                "w",
                "{selector: {matchLabels: {app: httpbin, tier: x}}, mtls: {mode: STRICT}}"
            ),
            mode: .permissive,
            reason: "mesh default"
        ),
        Case(
            rule: "a port overrides the workload",
            policies: peerAuthentication(
                "foo",
                "w",
                "{\(selector), mtls: {mode: STRICT}, portLevelMtls: {80: {mode: DISABLE}}}"
            ),
            mode: .disable,
            reason: "PeerAuthentication foo/w"
        ),
        Case(
            rule: "an unset port has the workload's mode",
            policies: peerAuthentication("foo", "w", "{\(selector), mtls: {mode: STRICT}, portLevelMtls: {80: {}}}"),
            mode: .strict,
            reason: "PeerAuthentication foo/w"
        ),
        Case(
            rule: "an unset port of an unset workload has the namespace's mode",
            policies: peerAuthentication("foo", "ns", "mtls: {mode: STRICT}")
                + peerAuthentication("foo", "w", "{\(selector), portLevelMtls: {80: {}}}"),
            mode: .strict,
            reason: "PeerAuthentication foo/ns"
        ),
        Case(
            rule: "other ports than the listed ones have the workload's mode",
            policies: peerAuthentication(
                "foo",
                "w",
                "{\(selector), mtls: {mode: STRICT}, portLevelMtls: {80: {mode: DISABLE}}}"
            ),
            port: 81,
            mode: .strict,
            reason: "PeerAuthentication foo/w"
        ),
        Case(
            rule: "a port is the workload's, not the Service's",
            policies: peerAuthentication(
                "foo",
                "w",
                "{\(selector), mtls: {mode: STRICT}, portLevelMtls: {8000: {mode: DISABLE}}}"
            ),
            mode: .strict,
            reason: "PeerAuthentication foo/w"
        ),
        Case(
            rule: "the oldest of two for the mesh counts",
            policies: peerAuthentication("istio-system", "a", "mtls: {mode: STRICT}", created: "2024-01-02T00:00:00Z")
                + peerAuthentication("istio-system", "b", "mtls: {mode: DISABLE}"),
            mode: .disable,
            reason: "PeerAuthentication istio-system/b"
        ),
        Case(
            rule: "of two equally old the first by name counts",
            policies: peerAuthentication("foo", "b", "mtls: {mode: STRICT}")
                + peerAuthentication("foo", "a", "mtls: {mode: DISABLE}"),
            mode: .disable,
            reason: "PeerAuthentication foo/a"
        ),
        Case(
            rule: "only the oldest matching workload policy counts, and nothing of the other is merged",
            policies: peerAuthentication(
                "foo",
                "new",
                "{\(selector), portLevelMtls: {80: {mode: DISABLE}}}",
                created: "2024-01-02T00:00:00Z"
            )
                + peerAuthentication("foo", "old", "{\(selector), mtls: {mode: STRICT}}"),
            mode: .strict,
            reason: "PeerAuthentication foo/old"
        ),
    ]

    @Test(arguments: cases) func `the narrowest scope that says something decides`(rule: Case) throws {
        var mesh = MeshFixture()
        mesh.pod("foo", "httpbin")
        try mesh.service("foo", "httpbin")
        try mesh.add(rule.policies)
        let model = mesh.model
        let pod = try #require(model.pod("foo", "httpbin"))
        let decision = model.serverMode(of: pod, port: rule.port)
        #expect(decision.mode == rule.mode && decision.reason == rule.reason, "\(decision)")
        // The inbound policy says the same of the port, or of ports that it does not list.
        let inbound = model.inbound(of: pod)
        #expect((inbound.ports.first { $0.number == rule.port }?.mode ?? inbound.otherMode) == decision)
    }

    @Test(arguments: cases) func `the order of arrival changes nothing`(rule: Case) throws {
        var mesh = MeshFixture()
        mesh.pod("foo", "httpbin")
        try mesh.service("foo", "httpbin")
        try mesh.add(rule.policies)
        let model = mesh.model(inOrder: mesh.allObjects.reversed())
        let pod = try #require(model.pod("foo", "httpbin"))
        #expect(model.serverMode(of: pod, port: rule.port).mode == rule.mode)
        #expect(model.inbound(of: pod) == mesh.model.inbound(of: pod))
    }

    @Test func `a policy taken away no longer counts`() throws {
        var mesh = MeshFixture()
        mesh.pod("foo", "httpbin")
        try mesh.add(peerAuthentication("foo", "ns", "mtls: {mode: STRICT}"))
        var model = mesh.model
        let pod = try #require(model.pod("foo", "httpbin"))
        #expect(model.serverMode(of: pod, port: 80).mode == .strict)
        let impact = model.remove(mesh.objects[1])
        #expect(impact.affectsInbound(pod.key) && !impact.affectsInbound(ObjectKey(namespace: "bar", name: "x")))
        #expect(
            model.serverMode(of: pod, port: 80) == mesh.model(inOrder: [mesh.objects[0]]).serverMode(of: pod, port: 80)
        )
    }

    @Test func `an unreadable policy leaves its former version in force`() throws {
        var mesh = MeshFixture()
        mesh.pod("foo", "httpbin")
        try mesh.add(peerAuthentication("foo", "ns", "mtls: {mode: STRICT}"))
        var model = mesh.model
        let pod = try #require(model.pod("foo", "httpbin"))
        var broken = mesh.objects[1]
        broken["spec"] = ["mtls": ["mode": "STRIKT"]]
        #expect(model.update(broken).isEmpty)
        #expect(model.serverMode(of: pod, port: 80).mode == .strict)
        #expect(model.problems.count == 1)
        _ = model.update(mesh.objects[1])
        #expect(model.problems.isEmpty)
    }
}

@Suite struct GatewayConnectionTests {
    @Test(arguments: [("gateway", true), ("sidecar", false)])
    func `a PeerAuthentication is for sidecars, not for what gateways listen on`(template: String, works: Bool) throws {
        var mesh = MeshFixture()
        mesh.pod("foo", "sleep", sidecar: false)
        mesh.pod("bar", "edge", annotations: ["inject.istio.io/templates": template], tlsMode: "disabled")
        try mesh.service("bar", "edge")
        try mesh.add(peerAuthentication("istio-system", "default", "mtls: {mode: STRICT}"))
        let client = try #require(mesh.model.pod("foo", "sleep"))
        let name = DestinationName(host: "edge.bar.svc.cluster.local", port: 8000)
        let connections = mesh.model.connections(from: client, to: name)
        #expect(connections.map(\.works) == [works])
    }
}
