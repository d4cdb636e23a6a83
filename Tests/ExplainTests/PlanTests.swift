import Explain
import JSON
import Mesh
import TestMesh
import Testing
import YAML

@Suite struct PlanTests {
    private static func plan(_ text: String, before: String = "") throws -> Plan {
        var mesh = try Manifest.migration()
        try mesh.add(before)
        return Plan(mesh.model, applying: try YAML.values(text))
    }

    @Test func `STRICT breaks what clients without sidecar do, and nothing else`() throws {
        let plan = try Self.plan(Manifest.policy("full", "p", "mtls: {mode: STRICT}"))
        #expect(plan.changes.allSatisfy { $0.breaks && $0.client.hasSuffix(".legacy") } && plan.changes.count == 2)
        #expect(
            plan.text.contains(
                "BREAKS sleep.legacy -> httpbin.full.svc.cluster.local:8000 (httpbin.full): plaintext -> fails (connection reset); "
                    + "no sidecar at the client; server: STRICT by PeerAuthentication full/p\n"
            )
        )
        #expect(plan.text.hasSuffix("2 connections change: 2 break, 0 lose their encryption.\n"))
    }

    @Test func `DISABLE makes connections readable and says so`() throws {
        let plan = try Self.plan(Manifest.policy("full", "p", "mtls: {mode: DISABLE}"))
        #expect(plan.changes.allSatisfy(\.becomesReadable) && plan.changes.count == 2)
        #expect(plan.text.contains("PLAINTEXT sleep.full -> "))
    }

    @Test func `a rule that fits changes nothing`() throws {
        let plan = try Self.plan(
            Manifest.rule("full", "r", "host: httpbin, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}")
        )
        #expect(plan.changes.isEmpty && plan.text == "No connection changes.\n")
    }

    @Test func `what would be refused is told and counts for nothing`() throws {
        let plan = try Self.plan(Manifest.policy("full", "p", "mtls: {mode: STRIKT}"))
        #expect(plan.changes.isEmpty && plan.remarks.count == 1)
        #expect(
            plan.text.hasPrefix("refused: PeerAuthentication full/p: spec.mtls.mode: Unsupported value: \"STRIKT\"")
        )
    }

    @Test func `a deletion is planned like any other change`() throws {
        var mesh = try Manifest.migration()
        let policy = Manifest.policy("full", "p", "mtls: {mode: STRICT}")
        try mesh.add(policy)
        let plan = Plan(mesh.model, applying: [], deleting: try YAML.values(policy))
        #expect(plan.changes.count == 2 && plan.changes.allSatisfy { $0.after?.works == true })
    }

    @Test func `auto mTLS turned off for the mesh makes everything readable`() throws {
        var mesh = try Manifest.migration()
        let before = mesh.model
        try mesh.configure("enableAutoMtls: false")
        let plan = Plan(before, applying: [], config: mesh.config)
        #expect(plan.changes.count == 2 && plan.changes.allSatisfy(\.becomesReadable))
    }
}
