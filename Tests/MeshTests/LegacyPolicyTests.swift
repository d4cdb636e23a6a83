import Mesh
import TestMesh
import Testing

@Suite struct LegacyPolicyTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let rule: String
        let policies: String
        var servicePort = 8000
        let mode: MutualTLSMode
        let reason: String
        var testDescription: String { rule }
    }

    private static func policy(_ name: String, _ spec: String, created: String = "2024-01-01T00:00:00Z") -> String {
        manifest("authentication.istio.io/v1alpha1", "Policy", "foo", name, spec, created: created)
    }

    private static func meshPolicy(_ spec: String) -> String {
        "---\napiVersion: authentication.istio.io/v1alpha1\nkind: MeshPolicy\nmetadata: {name: default}\nspec: \(flow(spec))\n"
    }

    private static let strict = "peers: [{mtls: {}}]"
    private static let permissive = "peers: [{mtls: {mode: PERMISSIVE}}]"

    static let cases = [
        Case(
            rule: "a policy for the service",
            policies: policy("p", "{targets: [{name: httpbin}], \(strict)}"),
            mode: .strict,
            reason: "Policy foo/p"
        ),
        Case(
            rule: "a policy without peers is plaintext",
            policies: policy("p", "targets: [{name: httpbin}]"),
            mode: .disable,
            reason: "Policy foo/p"
        ),
        Case(
            rule: "a policy for another service says nothing",
            policies: policy("p", "{targets: [{name: other}], \(strict)}"),
            mode: .permissive,
            reason: "mesh default"
        ),
        Case(
            rule: "by the Service's port number",
            policies: policy("p", "{targets: [{name: httpbin, ports: [{number: 8000}]}], \(strict)}"),
            mode: .strict,
            reason: "Policy foo/p"
        ),
        Case(
            rule: "not by the workload's port number",
            policies: policy("p", "{targets: [{name: httpbin, ports: [{number: 80}]}], \(strict)}"),
            mode: .permissive,
            reason: "mesh default"
        ),
        Case(
            rule: "by the Service's port name",
            policies: policy("p", "{targets: [{name: httpbin, ports: [{name: http}]}], \(strict)}"),
            mode: .strict,
            reason: "Policy foo/p"
        ),
        Case(
            rule: "the other ports of the service fall through",
            policies: policy("p", "{targets: [{name: httpbin, ports: [{number: 8000}]}], \(strict)}")
                + meshPolicy(permissive),
            servicePort: 9000,
            mode: .permissive,
            reason: "MeshPolicy default"
        ),
        Case(
            rule: "an older policy for the whole service beats a newer one for the port",
            policies: policy(
                "port",
                "{targets: [{name: httpbin, ports: [{number: 8000}]}], \(strict)}",
                created: "2024-01-02T00:00:00Z"
            )
                + policy("whole", "{targets: [{name: httpbin}], \(permissive)}"),
            mode: .permissive,
            reason: "Policy foo/whole"
        ),
        Case(
            rule: "the namespace's policy",
            policies: policy("default", strict) + meshPolicy(permissive),
            mode: .strict,
            reason: "Policy foo/default"
        ),
        Case(
            rule: "the service beats the namespace",
            policies: policy("default", strict) + policy("p", "{targets: [{name: httpbin}], \(permissive)}"),
            mode: .permissive,
            reason: "Policy foo/p"
        ),
        Case(rule: "the mesh's policy", policies: meshPolicy(strict), mode: .strict, reason: "MeshPolicy default"),
        Case(
            rule: "a mesh policy without peers is plaintext",
            policies: meshPolicy("{}"),
            mode: .disable,
            reason: "MeshPolicy default"
        ),
        Case(
            rule: "a PeerAuthentication beats them all and says so",
            policies: meshPolicy(strict)
                + "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"
                + "metadata: {namespace: foo, name: a}\nspec: {mtls: {mode: PERMISSIVE}}\n",
            mode: .permissive,
            reason: "PeerAuthentication foo/a (overrules MeshPolicy default)"
        ),
        Case(
            rule: "an unset PeerAuthentication leaves it to them",
            policies: meshPolicy(strict)
                + "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"
                + "metadata: {namespace: foo, name: a}\nspec: {}\n",
            mode: .strict,
            reason: "MeshPolicy default"
        ),
    ]

    @Test(arguments: cases) func `the narrowest policy for the service's port decides`(rule: Case) throws {
        var mesh = MeshFixture()
        mesh.pod("foo", "httpbin")
        try mesh.service(
            "foo",
            "httpbin",
            ports: "[{name: http, port: 8000, targetPort: 80}, {name: tcp-x, port: 9000, targetPort: 90}]"
        )
        try mesh.add(rule.policies)
        let model = mesh.model
        let pod = try #require(model.pod("foo", "httpbin"))
        let decision = model.serverMode(of: pod, port: rule.servicePort == 8000 ? 80 : 90)
        #expect(decision.mode == rule.mode && decision.reason == rule.reason, "\(decision)")
    }

    @Test func `the oldest service that claims a port decides for it`() throws {
        var mesh = MeshFixture()
        mesh.pod("foo", "pod", app: "a")
        try mesh.service(
            "foo",
            "young",
            app: "a",
            ports: "[{name: tcp, port: 1, targetPort: 80}]",
            created: "2024-01-02T00:00:00Z"
        )
        try mesh.service("foo", "old", app: "a", created: "2024-01-01T00:00:00Z")
        try mesh.add(Self.policy("p", "{targets: [{name: young}], \(Self.strict)}"))
        let pod = try #require(mesh.model.pod("foo", "pod"))
        let port = try #require(mesh.model.inbound(of: pod).ports.first)
        #expect(port.service == "old.foo.svc.cluster.local" && port.application == .http && port.servicePort == 8000)
        #expect(port.mode.mode == .permissive)
    }
}

/// The mesh of the automatic mutual TLS story: `full` has sidecars, `partial` some, `legacy` none.
@Suite struct MigrationMatrixTests {
    enum Seen: String, Sendable {
        case encrypted = "200 +URI", plaintext = "200", mixed = "200 +URI or 200", reset = "000", refused = "503"
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let state: String
        let objects: String
        /// From `full`, then from `legacy`, each to `full`, `partial`, `legacy`.
        let seen: [Seen]
        var testDescription: String { state }
    }

    private static let meshPolicy =
        "apiVersion: authentication.istio.io/v1alpha1\nkind: MeshPolicy\nmetadata: {name: default}\n"
        + "spec: {peers: [{mtls: {mode: PERMISSIVE}}]}\n"
    private static let noPeers =
        "---\napiVersion: authentication.istio.io/v1alpha1\nkind: Policy\nmetadata: {namespace: full, name: httpbin}\n"
        + "spec: {targets: [{name: httpbin}]}\n"
    private static let strict = noPeers.replacing("httpbin}]}", with: "httpbin}], peers: [{mtls: {}}]}")
    private static let rule =
        "---\napiVersion: networking.istio.io/v1alpha3\nkind: DestinationRule\nmetadata: {namespace: full, name: httpbin-full-mtls}\n"
        + "spec: {host: httpbin.full.svc.cluster.local, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}\n"

    static let cases = [
        Case(
            state: "permissive mesh",
            objects: meshPolicy,
            seen: [.encrypted, .mixed, .plaintext, .plaintext, .plaintext, .plaintext]
        ),
        Case(
            state: "strict policy for httpbin in full",
            objects: meshPolicy + strict,
            seen: [.encrypted, .mixed, .plaintext, .reset, .plaintext, .plaintext]
        ),
        Case(
            state: "policy without peers",
            objects: meshPolicy + noPeers,
            seen: [.plaintext, .mixed, .plaintext, .plaintext, .plaintext, .plaintext]
        ),
        Case(
            state: "policy without peers and a rule with ISTIO_MUTUAL",
            objects: meshPolicy + noPeers + rule,
            seen: [.refused, .mixed, .plaintext, .plaintext, .plaintext, .plaintext]
        ),
    ]

    static func mesh() throws -> MeshFixture {
        var mesh = MeshFixture()
        for namespace in ["full", "partial", "legacy"] {
            mesh.pod(namespace, "httpbin", account: "default", sidecar: namespace != "legacy")
            if namespace == "partial" {
                mesh.pod(namespace, "httpbin-nosidecar", app: "httpbin", account: "default", sidecar: false)
            }
            try mesh.service(namespace, "httpbin")
            if namespace != "partial" { mesh.pod(namespace, "sleep", sidecar: namespace == "full") }
        }
        return mesh
    }

    @Test(arguments: cases) func `each step of the migration is seen as the document shows it`(step: Case) throws {
        var mesh = try Self.mesh()
        try mesh.add(step.objects)
        let model = mesh.model
        var seen: [Seen] = []
        for from in ["full", "legacy"] {
            for to in ["full", "partial", "legacy"] { seen.append(try Self.seen(model, from, to)) }
        }
        #expect(seen == step.seen)
    }

    private static func seen(_ model: MeshModel, _ from: String, _ to: String) throws -> Seen {
        let decision = try #require(model.destination(from: from, "httpbin.\(to)"))
        let isProxied = from == "full"
        let outcomes = Set(
            try decision.endpoints.map { endpoint -> Seen in
                let pod = try #require(endpoint.workload)
                let server: MutualTLSMode =
                    pod.hasSidecar ? model.serverMode(of: pod, port: endpoint.port).mode : .disable
                switch (isProxied && endpoint.isEncrypted, server) {
                case (true, .disable): return .refused
                case (true, _): return .encrypted
                case (false, .strict): return isProxied ? .refused : .reset
                case (false, _): return .plaintext
                }
            }
        )
        return outcomes == [.encrypted, .plaintext] ? .mixed : try #require(outcomes.count == 1 ? outcomes.first : nil)
    }
}
