import Mesh
import MeshAPI
import TestMesh
import Testing

/// The fields of ServerTLSSettings that are easily taken for others.
@Suite struct GatewayFieldTests {
    private func transport(_ tls: String) throws -> GatewayDecision.Chain.Transport? {
        var fixture = try GatewayFixture()
        try fixture.gateway(
            "gw",
            "[{hosts: [a.com], port: {number: 443, name: https, protocol: HTTPS}, tls: {\(tls)}}]"
        )
        try fixture.virtualService(
            "vs",
            hosts: ["a.com"],
            "tls: [{match: [{sniHosts: [a.com]}], route: [{destination: {host: web, port: {number: 8000}}}]}]"
        )
        return try fixture.decision.listeners.first?.chains.first?.transport
    }

    private func ended(_ tls: String) throws -> GatewayTLS {
        guard case .terminate(let tls)? = try transport(tls) else { throw NotEnded() }
        return tls
    }
    private struct NotEnded: Error {}

    @Test func `a server without a mode passes TLS through`() throws {
        #expect(try transport("minProtocolVersion: TLSV1_2") == .passthrough)
    }

    @Test func `of certificates in files the first two count, and their own roots do not`() throws {
        let pairs = ["a", "b", "c"]
            .map { "{serverCertificate: /\($0).crt, privateKey: /\($0).key, caCertificates: /\($0).ca}" }
        let tls = try ended("mode: MUTUAL, caCertificates: /ca, tlsCertificates: [\(pairs.joined(separator: ", "))]")
        guard case .files(let files) = tls.certificates else {
            Issue.record("no files")
            return
        }
        #expect(files.map(\.serverCertificate) == ["/a.crt", "/b.crt"])
        #expect(files.map(\.privateKey) == ["/a.key", "/b.key"])
        #expect(tls.roots == .file("/ca", revocations: ""))
    }

    @Test func `of credentials the first two count`() throws {
        let tls = try ended("mode: SIMPLE, credentialNames: [a, b, c]")
        #expect(tls.certificates == .credentials(["kubernetes://a", "kubernetes://b"]))
    }

    @Test func `SIMPLE looks at nothing of a client's certificate`() throws {
        let tls = try ended(
            "mode: SIMPLE, credentialName: a, subjectAltNames: [x], verifyCertificateSpki: [s], verifyCertificateHash: [h]"
        )
        #expect(tls.roots == nil && tls.subjectAltNames.isEmpty)
        #expect(tls.publicKeyHashes.isEmpty && tls.certificateHashes.isEmpty)
    }

    @Test func `insecureSkipVerify still wants a certificate, and is nothing to ISTIO_MUTUAL`() throws {
        let tls = try ended("mode: MUTUAL, credentialName: a, insecureSkipVerify: true")
        #expect(tls.skipsVerification && tls.mode == .mutual)
        #expect(try !ended("mode: ISTIO_MUTUAL, insecureSkipVerify: true").skipsVerification)
    }

    @Test(arguments: [
        ("TLS_AUTO", "TLS_AUTO", ServerTLSSettings.Version.tls12, ServerTLSSettings.Version.tls13),
        ("TLSV1_0", "TLSV1_1", .tls10, .tls11), ("TLSV1_2", "TLS_AUTO", .tls12, .tls13),
        ("TLSV1_3", "TLSV1_3", .tls13, .tls13),
    ])
    func `TLS_AUTO leaves each end of the versions as it is`(
        least: String,
        greatest: String,
        minimum: ServerTLSSettings.Version,
        maximum: ServerTLSSettings.Version
    ) throws {
        let tls = try ended(
            "mode: SIMPLE, credentialName: a, minProtocolVersion: \(least), maxProtocolVersion: \(greatest)"
        )
        #expect(tls.minimumVersion == minimum && tls.maximumVersion == maximum)
    }

    @Test func `curves are passed on as they are written`() throws {
        #expect(
            try ended("mode: SIMPLE, credentialName: a, ecdhCurves: [P-384, X25519]").curves == ["P-384", "X25519"]
        )
    }

    @Test func `without a Gateway for it a gateway listens on nothing`() throws {
        var fixture = try GatewayFixture()
        #expect(try fixture.decision.listeners.isEmpty)
        try fixture.gateway(
            "gw",
            selector: "{istio: egressgateway}",
            "[{hosts: [a.com], port: {number: 80, name: http, protocol: HTTP}}]"
        )
        #expect(try fixture.decision.listeners.isEmpty)
    }
}
