import Base
import Explain
import JSON
import Kubernetes
import TLS
import TestMesh
import TestTLS
import Testing

@Suite struct GatewayCredentialAnalysisTests {
    private static func pod(_ namespace: String) -> String {
        """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {namespace: \(namespace), name: gateway, labels: {istio: ingressgateway}}
        spec: {serviceAccountName: gateway, containers: [{name: istio-proxy}]}

        """
    }

    private static func gateway(_ tls: String, name: String = "web", selector: String = "istio: ingressgateway")
        -> String
    {
        Manifest.object(
            "networking.istio.io/v1",
            "Gateway",
            "shop",
            name,
            "selector: {\(selector)}, servers: [{port: {name: https, number: 443, protocol: HTTPS}, hosts: ['*'], "
                + "tls: {\(tls)}}]"
        )
    }

    private static func secret(_ name: String, _ data: [String: String]) -> Analysis.Resource {
        Analysis.Resource([
            "apiVersion": "v1", "kind": "Secret", "metadata": ["namespace": "edge", "name": .string(name)],
            "data": .strings(data.mapValues { Base64.encode(Array($0.utf8)) }),
        ])
    }

    /// A pair that is valid for thirty days.
    private static func pair() throws -> [String: String] {
        let key = try PrivateKey(generating: .p256)
        let authority = try CertificateAuthority.selfSigned(
            organization: "Example",
            key: key,
            lifetime: .seconds(30 * 86_400)
        )
        return ["tls.crt": authority.certificate.pem, "tls.key": key.pem(), "ca.crt": authority.certificate.pem]
    }

    private func lines(
        _ objects: String,
        _ secrets: [Analysis.Resource] = [],
        _ change: (inout Analysis.Options) -> Void = { _ in }
    ) throws -> [String] {
        var mesh = MeshFixture()
        try mesh.add(objects)
        var options = Analysis.Options()
        options.analyzers = ["gateway.SecretAnalyzer"]
        change(&options)
        return Analysis(mesh.allObjects.map { Analysis.Resource($0) } + secrets, options: options).messages.map(\.line)
    }

    private let title = "(Gateway shop/web) "

    @Test func `a Secret is looked for beside the gateway's pod`() throws {
        let objects = Self.gateway("mode: SIMPLE, credentialName: site") + Self.pod("edge")
        #expect(
            try lines(objects) == [
                "Error [IST0101] \(title)Referenced credentialName not found: \"site\" (there is no Secret edge/site, beside "
                    + "the gateway's pods)"
            ]
        )
        #expect(try lines(objects, [Self.secret("site", try Self.pair())]).isEmpty)
    }

    @Test func `who may not read a Secret says nothing of it`() throws {
        let objects = Self.gateway("mode: SIMPLE, credentialName: site") + Self.pod("edge")
        let key = ObjectKey(namespace: "edge", name: "site")
        #expect(try lines(objects) { $0.unreadable = [key] }.isEmpty)
    }

    @Test func `roots come from a Secret of their own or from that of the certificate`() throws {
        let objects = Self.gateway("mode: MUTUAL, credentialName: site") + Self.pod("edge")
        var data = try Self.pair()
        #expect(try lines(objects, [Self.secret("site", data)]).isEmpty)
        let roots = data.removeValue(forKey: "ca.crt") ?? ""
        let found = try lines(objects, [Self.secret("site", data)])
        #expect(
            found.count == 1
                && found[0].hasSuffix("didn't have expected keys cacert or ca.crt; found: tls.crt, tls.key")
        )
        let both = [Self.secret("site", data), Self.secret("site-cacert", ["cacert": roots])]
        #expect(try lines(objects, both).isEmpty)
    }

    @Test func `what cannot be used is told with the Secret and the reason`() throws {
        let objects = Self.gateway("mode: SIMPLE, credentialName: site") + Self.pod("edge")
        let start =
            "Error [IST0161] \(title)The credential referenced by the Gateway web in namespace shop is invalid, which can "
            + "cause the traffic not to work as expected. Secret edge/site: "
        let empty = try lines(objects, [Self.secret("site", ["tls.crt": "", "tls.key": ""])])
        #expect(empty == [start + #"found keys "tls.crt" and "tls.key", but they were empty"#])
        var mixed = try Self.pair()
        mixed["tls.key"] = try Self.pair()["tls.key"]
        let found = try lines(objects, [Self.secret("site", mixed)])
        #expect(found == [start + "its key is not that of its certificate (O=Example)"])
        let late = try lines(objects, [Self.secret("site", try Self.pair())]) { $0.now = .now + .seconds(40 * 86_400) }
        #expect(late.count == 1 && late[0].hasPrefix(start + "its certificate (O=Example) expired at "))
    }

    @Test func `what works but may surprise is a warning`() throws {
        let objects = Self.gateway("mode: SIMPLE, credentialName: site") + Self.pod("edge")
        let data = try Self.pair().merging(["token": "x"]) { $1 }
        let found = try lines(objects, [Self.secret("site", data)]) { $0.now = .now + .seconds(28 * 86_400) }
        #expect(found.count == 2)
        #expect(found.allSatisfy { $0.hasPrefix("Warning [APS0004] \(title)Secret edge/site, which it names: ") })
        #expect(found.contains { $0.contains("expires at") } && found.contains { $0.contains("key token") })
    }

    @Test func `only what Gateways name is read of a cluster`() throws {
        var mesh = MeshFixture()
        try mesh.add(
            Self.gateway("mode: MUTUAL, credentialName: site") + Self.pod("edge")
                + Self.gateway("mode: SIMPLE, credentialName: 'kubernetes://other/x'", name: "foreign")
        )
        let keys = Analysis.credentials(of: mesh.allObjects.map { Analysis.Resource($0) })
        #expect(
            keys == [ObjectKey(namespace: "edge", name: "site"), ObjectKey(namespace: "edge", name: "site-cacert")]
        )
    }
}
