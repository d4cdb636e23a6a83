import Explain
import Mesh
import TestMesh
import Testing

@Suite struct TLSCheckTests {
    private static func check(_ objects: String, host: String? = nil, config: String = "{}") throws -> TLSCheck {
        var mesh = try Manifest.migration()
        try mesh.configure(config)
        try mesh.add(objects)
        return TLSCheck(mesh.model, client: try #require(mesh.model.pod("full", "sleep")), host: host)
    }

    private static let host = "httpbin.full.svc.cluster.local"

    @Test func `the table is istioctl's`() throws {
        let objects =
            Manifest.meshPolicy("peers: [{mtls: {mode: PERMISSIVE}}]")
            + Manifest.legacyPolicy("full", "httpbin", "targets: [{name: httpbin}]")
            + Manifest.rule("full", "httpbin-full-mtls", "host: httpbin, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}")
        #expect(
            try Self.check(objects).text == """
                HOST:PORT                                 STATUS       SERVER         CLIENT           AUTHN POLICY     DESTINATION RULE
                httpbin.full.svc.cluster.local:8000       CONFLICT     DISABLE        ISTIO_MUTUAL     full/httpbin     full/httpbin-full-mtls
                httpbin.legacy.svc.cluster.local:8000     AUTO         PERMISSIVE     -                /default         -

                """
        )
    }

    @Test(arguments: [
        ("DISABLE", "DISABLE", TLSCheck.Status.ok), ("DISABLE", "ISTIO_MUTUAL", .conflict),
        ("STRICT", "ISTIO_MUTUAL", .ok),
        ("STRICT", "DISABLE", .conflict), ("PERMISSIVE", "ISTIO_MUTUAL", .ok), ("PERMISSIVE", "DISABLE", .ok),
        ("PERMISSIVE", "SIMPLE", .conflict), ("STRICT", "SIMPLE", .conflict), ("DISABLE", "SIMPLE", .conflict),
        ("STRICT", "MUTUAL", .conflict),
    ])
    func `server and client fit or are in conflict`(server: String, client: String, status: TLSCheck.Status) throws {
        let objects =
            Manifest.policy("full", "p", "mtls: {mode: \(server)}")
            + Manifest.rule("full", "r", "host: httpbin, trafficPolicy: {tls: {mode: \(client)}}")
        let row = try #require(try Self.check(objects, host: Self.host).rows.first)
        #expect(row.status == status && row.server == server && row.client == client)
        #expect(row.policy == "full/p" && row.rule == "full/r")
    }

    @Test func `without a rule it is automatic, or fine when auto mTLS is off`() throws {
        #expect(try Self.check("", host: Self.host).rows.map(\.status) == [.automatic])
        #expect(try Self.check("", host: Self.host, config: "enableAutoMtls: false").rows.map(\.status) == [.ok])
    }

    @Test func `a subset has a row that looks only at its own policy`() throws {
        let objects = Manifest.rule(
            "full",
            "r",
            "host: httpbin, trafficPolicy: {tls: {mode: DISABLE}}, subsets: [{name: a}, {name: b, trafficPolicy: {tls: {mode: SIMPLE}}}]"
        )
        let rows = try Self.check(objects).rows
        #expect(rows.map(\.host).prefix(3) == [Self.host, Self.host + "|a", Self.host + "|b"])
        #expect(rows.map(\.client).prefix(3) == ["DISABLE", "-", "SIMPLE"])
        #expect(try Self.check(objects, host: Self.host + "|b").rows.map(\.client) == ["SIMPLE"])
    }

    @Test func `a host that is not there has no row`() throws { #expect(try Self.check("", host: "nope").rows.isEmpty) }
}
