import Explain
import Mesh
import MeshAPI
import TestMesh
import Testing

@Suite struct DoubleEncryptionTests {
    private static func entry(_ port: String) -> String {
        Manifest.object(
            "networking.istio.io/v1",
            "ServiceEntry",
            "full",
            "outside",
            "hosts: [outside.example.com], resolution: DNS, ports: [\(port)]"
        )
    }

    private static func rule(_ tls: String) -> String {
        Manifest.rule("full", "outside", "host: outside.example.com, trafficPolicy: {tls: {\(tls)}}")
    }

    private static let route = Manifest.object(
        "networking.istio.io/v1",
        "VirtualService",
        "full",
        "route",
        """
        hosts: [outside.example.com], gateways: [g],
        tls: [{match: [{sniHosts: [outside.example.com]}], route: [{destination: {host: outside.example.com}}]}]
        """
    )

    private static let https = entry("{number: 443, name: https, protocol: HTTPS}")
    private static let tcp = entry("{number: 443, name: tcp, protocol: TCP}")
    private static let http = entry("{number: 80, name: http, protocol: HTTP, targetPort: 443}")

    static let cases: [(rule: String, objects: String, text: String?)] = [
        ("a port for TLS, and a rule that begins it", https + rule("mode: SIMPLE"), "the port's protocol is HTTPS"),
        (
            "TLS routed by server name, and a rule that begins it",
            tcp + route + rule("mode: MUTUAL, clientCertificate: /c, privateKey: /k"),
            "VirtualService full/route sends TLS there by server name"
        ),
        ("a port for TLS without a rule", https, nil),
        ("a port for TLS that a rule leaves alone", https + rule("mode: DISABLE"), nil),
        ("requests in plaintext, for which the rule is meant", http + rule("mode: SIMPLE"), nil),
        ("bytes that nobody says to be TLS", tcp + rule("mode: SIMPLE"), nil),
    ]

    @Test(arguments: cases)
    func `TLS within TLS is pointed out`(_ row: (rule: String, objects: String, text: String?)) throws {
        var mesh = try Manifest.migration()
        try mesh.add(row.objects)
        let messages = Analysis(mesh.allObjects.map { Analysis.Resource($0) }, config: mesh.config).messages
        let found = messages.filter { $0.code == "APS0003" }
        #expect(found.count == (row.text == nil ? 0 : 1), "\(row.rule)")
        guard let text = row.text else { return }
        #expect(found.first?.origin == "DestinationRule full/outside")
        #expect(found.first?.text.contains(text) == true)
    }
}
