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

    private static let routed = """
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {namespace: full, name: vs}
        spec:
          hosts: [httpbin]
          http:
          - {match: [{uri: {prefix: /status}}], route: [{destination: {host: httpbin}}]}
          - {redirect: {uri: /elsewhere}}

        """

    @Test func `routes that come, change and go are told for clients, line by line`() throws {
        let host = "httpbin.full.svc.cluster.local:8000"
        let status = "uri prefix /status -> \(host)"
        let created = try Self.plan(Self.routed)
        #expect(created.changes.isEmpty && created.routeChanges.contains { $0.router == "clients in namespace full" })
        #expect(
            created.text.contains(
                "ROUTES clients in namespace full -> \(host)\n  + VirtualService full/vs\n  + \(status)\n"
                    + "  + every request -> redirect 301 /elsewhere\n"
            )
        )
        let changed = try Self.plan(Self.routed.replacing("/elsewhere", with: "/other"), before: Self.routed)
        let change = try #require(changed.routeChanges.first { $0.router == "clients in namespace full" })
        #expect(
            change.text == "ROUTES clients in namespace full -> \(host)\n  - every request -> redirect 301 /elsewhere\n"
                + "  + every request -> redirect 301 /other\n"
        )
        #expect(changed.text.hasSuffix("routed otherwise.\n"))
        #expect(try Self.plan(Self.routed, before: Self.routed).routeChanges.isEmpty)
    }

    @Test func `routes of gateways are told by pod and host`() throws {
        var mesh = try Manifest.migration()
        mesh.ingressGateway()
        try mesh.add(
            Manifest.object(
                "networking.istio.io/v1",
                "Gateway",
                "full",
                "gw",
                "selector: {istio: ingressgateway}, servers: [{hosts: [a.com], port: {number: 80, name: http, protocol: HTTP}}]"
            )
        )
        let route = Manifest.object(
            "networking.istio.io/v1",
            "VirtualService",
            "full",
            "web",
            "gateways: [gw], hosts: [a.com], http: [{route: [{destination: {host: httpbin, port: {number: 8000}}}]}]"
        )
        let plan = Plan(mesh.model, applying: try YAML.values(route))
        #expect(
            plan.routeChanges.map(\.text) == [
                "ROUTES gateway ingress.istio-system -> a.com:80\n"
                    + "  + every request -> httpbin.full.svc.cluster.local:8000\n"
            ]
        )
    }
}
