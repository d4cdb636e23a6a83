import Explain
import Kubernetes
import Mesh
import TestMesh
import Testing

@Suite struct ConnectionMatrixTests {
    private static func matrix(_ objects: String) throws -> ConnectionMatrix {
        var mesh = try Manifest.migration()
        try mesh.add(objects)
        let model = mesh.model
        let clients = [model.pod("full", "sleep"), model.pod("legacy", "sleep")].compactMap(\.self)
        return ConnectionMatrix(model, clients: clients)
    }

    @Test func `the matrix of a permissive mesh`() throws {
        #expect(
            try Self.matrix("").text == """
                FROM           TO                                      REACHABLE   IDENTITY SEEN                             ENCRYPTED   WHY
                sleep.full     httpbin.full.svc.cluster.local:8000     yes         spiffe://cluster.local/ns/full/sa/sleep   mTLS        auto mTLS; server: PERMISSIVE by mesh default
                sleep.full     httpbin.legacy.svc.cluster.local:8000   yes         -                                         plaintext   no sidecar; server: no sidecar
                sleep.legacy   httpbin.full.svc.cluster.local:8000     yes         -                                         plaintext   no sidecar at the client; server: PERMISSIVE by mesh default
                sleep.legacy   httpbin.legacy.svc.cluster.local:8000   yes         -                                         plaintext   no sidecar at the client; server: no sidecar

                """
        )
    }

    @Test func `STRICT resets clients without a sidecar`() throws {
        let rows = try Self.matrix(Manifest.policy("full", "p", "mtls: {mode: STRICT}")).rows
        #expect(rows.map(\.reachable) == ["yes", "yes", "no (connection reset)", "yes"])
        #expect(rows.map(\.encrypted) == ["mTLS", "plaintext", "-", "plaintext"])
        #expect(rows[2].reason == "no sidecar at the client; server: STRICT by PeerAuthentication full/p")
    }

    @Test(arguments: [
        ("ISTIO_MUTUAL", "DISABLE", "no (503 UF)"), ("DISABLE", "STRICT", "no (503 UC)"),
        ("SIMPLE", "STRICT", "no (503 UF)"),
        ("SIMPLE", "PERMISSIVE", "no (503 UF)"), ("MUTUAL", "PERMISSIVE", "no (503)"),
        ("ISTIO_MUTUAL", "STRICT", "yes"),
        ("DISABLE", "PERMISSIVE", "yes"),
    ])
    func `a rule and a policy that do not fit break the connection`(client: String, server: String, reachable: String)
        throws
    {
        let objects =
            Manifest.policy("full", "p", "mtls: {mode: \(server)}")
            + Manifest.rule("full", "r", "host: httpbin, trafficPolicy: {tls: {mode: \(client)}}")
        #expect(try Self.matrix(objects).rows.first?.reachable == reachable)
    }

    @Test func `a rule that expects another identity breaks the connection`() throws {
        let row = try Self.matrix(
            Manifest.rule(
                "full",
                "r",
                "host: httpbin, trafficPolicy: {tls: {mode: ISTIO_MUTUAL, subjectAltNames: [x]}}"
            )
        ).rows.first
        #expect(row?.reachable == "no (503 UF)" && row?.reason.contains("is none that the client expects") == true)
    }

    @Test func `a service without endpoints is not reachable`() throws {
        var mesh = try Manifest.migration()
        try mesh.service("full", "empty")
        let rows = ConnectionMatrix(mesh.model) { $0.host.hasPrefix("empty") }.rows
        #expect(Set(rows.map(\.reachable)) == ["no (503 UH)", "no (connection refused)"] && rows.count == 4)
    }
}
