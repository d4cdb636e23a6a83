import Explain
import Mesh
import TestMesh
import Testing

@Suite struct DescriptionTests {
    @Test func `a pod is described with its service, rule and policies`() throws {
        var mesh = try Manifest.migration()
        try mesh.add(
            Manifest.policy("full", "default", "mtls: {mode: STRICT}")
                + Manifest.policy(
                    "full",
                    "w",
                    "selector: {matchLabels: {app: httpbin}}, portLevelMtls: {81: {mode: DISABLE}}"
                )
                + Manifest.rule(
                    "full",
                    "r",
                    "host: httpbin, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}, subsets: [{name: a, labels: {app: httpbin}}, {name: b, labels: {app: x}}]"
                )
        )
        let model = mesh.model
        let pod = try #require(model.pod("full", "httpbin"))
        #expect(
            Description(pod: pod, in: model).text == """
                Pod: httpbin.full
                   Pod Revision: default
                   Pod Ports: 80 (app)
                --------------------
                Service: httpbin.full
                   Port: http 8000/HTTP targets pod port 80
                DestinationRule: r.full for "httpbin.full.svc.cluster.local"
                   Matching subsets: a
                      (Non-matching subsets b)
                   Traffic Policy TLS Mode: ISTIO_MUTUAL
                   Pod is STRICT and clients are ISTIO_MUTUAL
                --------------------
                Effective PeerAuthentication:
                   Workload mTLS mode: STRICT
                   Port Level mTLS mode:
                      81: DISABLE
                Applied PeerAuthentication:
                   default.full, w.full

                """
        )
    }

    @Test func `a pod without sidecar is not part of the mesh`() throws {
        let model = try Manifest.migration().model
        let text = Description(pod: try #require(model.pod("legacy", "httpbin")), in: model, defaultNamespace: "legacy")
            .text
        #expect(
            text.contains("Pod: httpbin\n") && text.contains("WARNING: httpbin is not part of mesh; no Istio sidecar\n")
        )
        #expect(!text.contains("Effective PeerAuthentication"))
    }

    @Test func `a conflict names both objects`() throws {
        var mesh = try Manifest.migration()
        try mesh.add(
            Manifest.legacyPolicy("full", "httpbin", "targets: [{name: httpbin}]")
                + Manifest.rule("full", "r", "host: httpbin, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}")
        )
        let model = mesh.model
        let service = try #require(model.services["httpbin.full.svc.cluster.local"])
        let text = Description(service: service, in: model).text
        #expect(
            text.contains(
                "WARNING TLS Conflict on httpbin.full port 8000 (pod enforces DISABLE, clients speak ISTIO_MUTUAL)\n"
            )
        )
        #expect(text.contains("  Check DestinationRule r.full and Policy httpbin.full\n"))
        #expect(text.contains("Applied policies:\n   ") == false || text.contains("httpbin.full"))
    }

    @Test func `without a rule clients are configured automatically`() throws {
        let model = try Manifest.migration().model
        let service = try #require(model.services["httpbin.full.svc.cluster.local"])
        #expect(
            Description(service: service, in: model).text.contains(
                "   Pod is PERMISSIVE, clients configured automatically\n"
            )
        )
    }
}
