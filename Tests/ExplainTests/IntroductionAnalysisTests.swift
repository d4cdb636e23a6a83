import Explain
import Mesh
import MeshAPI
import TestMesh
import Testing

@Suite struct IntroductionAnalysisTests {
    private static let told = "proxyProtocol: {version: V2}"

    private static func rule(_ namespace: String, _ rest: String) -> String {
        Manifest.rule(namespace, "told", "host: httpbin, \(rest)")
    }

    static let cases: [(rule: String, object: String, text: String?)] = [
        (
            "sidecars", rule("full", "trafficPolicy: {\(told)}"),
            "httpbin.full.svc.cluster.local:8000 begin with the PROXY protocol"
        ),
        (
            "sidecars of a subset",
            rule("full", "subsets: [{name: v1, labels: {app: httpbin}, trafficPolicy: {\(told)}}]"),
            "httpbin.full.svc.cluster.local:8000 (subset v1) begin with"
        ),
        (
            "sidecars that would have to read requests",
            rule("full", "trafficPolicy: {tls: {mode: DISABLE}, \(told)}"), "begin with the PROXY protocol"
        ),
        ("pods without sidecar", rule("legacy", "trafficPolicy: {\(told)}"), nil),
        ("a rule that tells nothing", rule("full", "trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}"), nil),
    ]

    @Test(arguments: cases)
    func `sidecars that are told who the client is are pointed out`(
        _ row: (rule: String, object: String, text: String?)
    )
        throws
    {
        var mesh = try Manifest.migration()
        try mesh.add(row.object)
        let messages = Analysis(mesh.allObjects.map { Analysis.Resource($0) }, config: mesh.config).messages
        let found = messages.filter { $0.code == "APS0006" }
        #expect(found.count == (row.text == nil ? 0 : 1), "\(row.rule): \(found)")
        guard let text = row.text else { return }
        #expect(found.first?.text.contains(text) == true)
    }
}
