import Mesh
import TestMesh
import Testing

/// In which version of HTTP requests go on: behaviour of `h2UpgradePolicy` and `useClientProtocol`.
@Suite struct UpgradeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var mesh = "DO_NOT_UPGRADE"
        /// Of the rule's `connectionPool.http`; empty for no rule.
        var rule = ""
        let ports: [Application]
        var testDescription: String { "mesh \(mesh), rule \(rule)" }
    }

    /// For ports declared `http`, `grpc`, not at all, and `tcp`.
    static let cases = [
        Case(ports: [.http, .http2, .auto, .tcp]),
        Case(rule: "h2UpgradePolicy: UPGRADE", ports: [.http2, .http2, .auto, .tcp]),
        Case(rule: "h2UpgradePolicy: DEFAULT", ports: [.http, .http2, .auto, .tcp]),
        Case(mesh: "UPGRADE", ports: [.http2, .http2, .auto, .tcp]),
        Case(mesh: "UPGRADE", rule: "h2UpgradePolicy: DEFAULT", ports: [.http2, .http2, .auto, .tcp]),
        Case(mesh: "UPGRADE", rule: "h2UpgradePolicy: DO_NOT_UPGRADE", ports: [.http, .http2, .auto, .tcp]),
        Case(rule: "useClientProtocol: true", ports: [.auto, .auto, .auto, .tcp]),
        Case(
            mesh: "UPGRADE",
            rule: "{useClientProtocol: true, h2UpgradePolicy: UPGRADE}",
            ports: [.auto, .auto, .auto, .tcp]
        ),
    ]

    @Test(arguments: cases) func `declared ports, the rule and the mesh decide`(example: Case) throws {
        var mesh = MeshFixture()
        mesh.pod("foo", "web")
        try mesh.service(
            "foo",
            "web",
            ports: "[{name: http, port: 1}, {name: grpc, port: 2}, {name: x, port: 3}, {name: tcp, port: 4}]"
        )
        if !example.rule.isEmpty {
            let settings = example.rule.hasPrefix("{") ? example.rule : "{\(example.rule)}"
            try mesh.add(
                """
                apiVersion: networking.istio.io/v1
                kind: DestinationRule
                metadata: {name: web, namespace: foo}
                spec: {host: web, trafficPolicy: {connectionPool: {http: \(settings)}}}
                """
            )
        }
        try mesh.configure("h2UpgradePolicy: \(example.mesh)")
        let found = (1...4).map { port in
            let name = DestinationName(host: "web.foo.svc.cluster.local", port: port)
            return mesh.model.destination(name, for: Client(namespace: "bar"))?.application
        }
        #expect(found == example.ports)
    }
}
