import JSON
import Mesh
import MeshAPI
import TestMesh
import Testing

@Suite struct GatewayTLSTests {
    private func tls(_ members: String, config: String = "{}", protocolName: String = "HTTPS") throws -> GatewayTLS? {
        var fixture = try GatewayFixture()
        try fixture.mesh.configure(config)
        try fixture.gateway(
            "gw",
            "[{hosts: [a.com], port: {number: 443, name: https, protocol: \(protocolName)}, tls: {\(members)}}]"
        )
        try fixture.virtualService(
            "vs",
            hosts: ["a.com"],
            "tcp: [{route: [{destination: {host: web, port: {number: 8000}}}]}]"
        )
        guard case .terminate(let tls)? = try fixture.decision.listeners.first?.chains.first?.transport else {
            return nil
        }
        return tls
    }

    @Test func `SIMPLE asks for no client certificate`() throws {
        let tls = try #require(try tls("mode: SIMPLE, credentialName: web"))
        #expect(tls.certificates == .credentials(["kubernetes://web"]))
        #expect(tls.roots == nil)
        #expect(tls.minimumVersion == .tls12)
        #expect(tls.maximumVersion == .tls13)
        #expect(tls.cipherSuites.isEmpty)
        #expect(tls.applicationProtocols == ["h2", "http/1.1"])
    }

    @Test(arguments: ["MUTUAL", "OPTIONAL_MUTUAL"])
    func `client certificates are from whom the secret beside the secret names`(mode: String) throws {
        let tls = try #require(
            try tls(
                "mode: \(mode), credentialNames: [rsa, ecdsa], subjectAltNames: [x], verifyCertificateSpki: [s], verifyCertificateHash: [h]"
            )
        )
        #expect(tls.certificates == .credentials(["kubernetes://rsa", "kubernetes://ecdsa"]))
        #expect(tls.roots == .credential("kubernetes://rsa-cacert"))
        #expect(tls.subjectAltNames == ["x"])
        #expect(tls.publicKeyHashes == ["s"])
        #expect(tls.certificateHashes == ["h"])
    }

    @Test func `caCertCredentialName takes the place of the secret beside the secret`() throws {
        let tls = try #require(try tls("mode: MUTUAL, credentialName: web, caCertCredentialName: clients"))
        #expect(tls.roots == .credential("kubernetes://clients-cacert"))
    }

    @Test func `files are served with their revocation list`() throws {
        let tls = try #require(
            try tls("mode: MUTUAL, serverCertificate: /c, privateKey: /k, caCertificates: /ca, caCrl: /crl")
        )
        #expect(tls.certificates == .files([ServerTLSSettings.FilePair(serverCertificate: "/c", privateKey: "/k")]))
        #expect(tls.roots == .file("/ca", revocations: "/crl"))
    }

    @Test(arguments: [
        ("HTTPS", ["h2", "http/1.1"]), ("TLS", ["istio-peer-exchange", "h2", "http/1.1"]),
    ])
    func `ISTIO_MUTUAL has the workload's certificate and no settings of the mesh`(name: String, alpn: [String]) throws
    {
        let tls = try #require(
            try tls(
                "mode: ISTIO_MUTUAL, subjectAltNames: ['spiffe://x']",
                config: "tlsDefaults: {minProtocolVersion: TLSV1_3, cipherSuites: [AES128-SHA]}",
                protocolName: name
            )
        )
        #expect(tls.certificates == .workload)
        #expect(tls.roots == .workload)
        #expect(tls.subjectAltNames == ["spiffe://x"])
        #expect(tls.minimumVersion == .tls12)
        #expect(tls.cipherSuites.isEmpty)
        #expect(tls.applicationProtocols == alpn)
    }

    @Test func `the server's settings win over the mesh's, each for itself`() throws {
        let config = "tlsDefaults: {minProtocolVersion: TLSV1_3, cipherSuites: [AES128-SHA], ecdhCurves: [P-256]}"
        let inherited = try #require(try tls("mode: SIMPLE, credentialName: web", config: config))
        #expect(inherited.minimumVersion == .tls13)
        #expect(inherited.minimumReason == "meshConfig.tlsDefaults")
        #expect(inherited.cipherSuites == ["AES128-SHA"])
        #expect(inherited.curves == ["P-256"])
        let own = try #require(
            try tls(
                "mode: SIMPLE, credentialName: web, minProtocolVersion: TLSV1_1, cipherSuites: [AES256-SHA, X, AES256-SHA]",
                config: config
            )
        )
        #expect(own.minimumVersion == .tls11)
        #expect(own.minimumReason == "Gateway foo/gw")
        #expect(own.cipherSuites == ["AES256-SHA"])
        #expect(own.curves == ["P-256"])
    }

    @Test func `a server that the mesh's minimum leaves no version is not opened`() throws {
        var fixture = try GatewayFixture()
        try fixture.mesh.configure("tlsDefaults: {minProtocolVersion: TLSV1_3}")
        try fixture.gateway(
            "gw",
            "[{hosts: [a.com], port: {number: 443, name: https, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: c, maxProtocolVersion: TLSV1_2}}]"
        )
        #expect(try fixture.lines.isEmpty)
        #expect(
            try fixture.reasons == [
                "foo/gw https: no TLS version is left: at least TLSV1_3 by meshConfig.tlsDefaults, at most TLSV1_2 by "
                    + "Gateway foo/gw; set tls.minProtocolVersion of the server"
            ]
        )
    }

    @Test(arguments: [
        ("web", "kubernetes://web"), ("kubernetes://ns/web", "kubernetes://ns/web"), ("sds://x", "sds://x"),
        ("configmap://ns/web", "configmap://ns/web"),
    ])
    func `a plain name means a secret`(name: String, resource: String) {
        #expect(CredentialReference.fullName(name) == resource)
    }
}
