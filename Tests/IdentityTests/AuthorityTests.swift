import Base
import Identity
import TLS
import Testing

/// Certificates of an organization that plugs its own CA in.
struct PluggedIn {
    let root: CertificateAuthority
    let authority: CertificateAuthority
    let key: PrivateKey

    init(_ algorithm: KeyAlgorithm = .rsa(bits: 2048)) throws {
        root = try .selfSigned(
            organization: "Example",
            key: PrivateKey(generating: algorithm),
            lifetime: .seconds(86_400 * 365)
        )
        key = try PrivateKey(generating: algorithm)
        authority = try root.intermediate(organization: "Mesh", key: key, lifetime: .seconds(86_400))
    }

    var files: [String: [UInt8]] {
        [
            "ca-cert.pem": Array(authority.certificate.pem.utf8), "ca-key.pem": Array(key.pem().utf8),
            "root-cert.pem": Array(root.certificate.pem.utf8),
            "cert-chain.pem": Array((authority.certificate.pem + root.certificate.pem).utf8),
        ]
    }
}

let httpbin = SPIFFEID(trustDomain: "cluster.local", namespace: "full", serviceAccount: "httpbin")

@Suite struct AuthorityTests {
    private func request() throws -> String {
        try CertificateRequest(
            key: PrivateKey(generating: .p256),
            names: AlternativeNames(uris: ["spiffe://a/ns/b/sa/c"])
        )
        .pem
    }

    @Test func `a workload's certificate says what the caller proved, not what it asked for`() throws {
        let now = Timestamp.now
        let authority = MeshAuthority(try AuthorityFiles.selfSigned(trustDomain: "cluster.local").files)
        let chain = try authority.sign(requestPEM: request(), for: httpbin, lifetime: .seconds(3600), now: now)
        #expect(chain.count == 2)
        let leaf = try Certificate(pem: chain[0])
        #expect(leaf.alternativeNames.uris == [httpbin.description])
        #expect(leaf.subject.isEmpty && !leaf.isAuthority)
        #expect(leaf.notAfter.seconds == now.seconds + 3600)
        #expect(leaf.notBefore.seconds == now.seconds - 120)
        #expect(leaf.issuer == "O=cluster.local")
        try TrustStore(pem: chain[1]).verify(leaf, for: .server)
        try TrustStore(pem: chain[1]).verify(leaf, for: .client)
    }

    @Test(arguments: [0, -5]) func `who asks for no lifetime gets a day`(_ seconds: Int) throws {
        let now = Timestamp.now
        let authority = MeshAuthority(try AuthorityFiles.selfSigned(trustDomain: "cluster.local").files)
        let chain = try authority.sign(requestPEM: request(), for: httpbin, lifetime: .seconds(seconds), now: now)
        #expect(try Certificate(pem: chain[0]).notAfter.seconds == now.seconds + 86_400)
    }

    @Test func `too long a lifetime is refused in Istio's words`() throws {
        let authority = MeshAuthority(try AuthorityFiles.selfSigned(trustDomain: "cluster.local").files)
        let request = try request()
        let error = #expect(throws: SigningError.self) {
            try authority.sign(requestPEM: request, for: httpbin, lifetime: .seconds(2160 * 3600 + 1))
        }
        #expect(error?.description == "requested TTL 2160h0m1s is greater than the max allowed TTL 2160h0m0s")
    }

    @Test func `a request that is not signed with its own key is refused`() throws {
        let authority = MeshAuthority(try AuthorityFiles.selfSigned(trustDomain: "cluster.local").files)
        for request in ["", "garbage", try request().replacing("M", with: "N")] {
            #expect(throws: SigningError.self) {
                try authority.sign(requestPEM: request, for: httpbin, lifetime: .zero)
            }
        }
    }

    @Test func `the Secret brings the same CA back`() throws {
        let (files, secret) = try AuthorityFiles.selfSigned(trustDomain: "cluster.local")
        #expect(try AuthorityFiles.kept(secret).roots == files.roots)
        #expect(throws: MeshError(.invalidConfiguration, "")) { try AuthorityFiles.kept(["ca-cert.pem": [1]]) }
    }

    @Test func `the root is renewed in the last fifth of its life, with its key`() throws {
        let (files, secret) = try AuthorityFiles.selfSigned(trustDomain: "cluster.local")
        #expect(try AuthorityFiles.renewed(secret, trustDomain: "cluster.local") == nil)
        let late = Timestamp.now + AuthorityFiles.rootLifetime * 0.85
        let renewed = try #require(try AuthorityFiles.renewed(secret, trustDomain: "cluster.local", now: late))
        #expect(renewed.files.roots != files.roots)
        let chain = try MeshAuthority(renewed.files).sign(requestPEM: request(), for: httpbin, lifetime: .zero)
        try TrustStore(roots: files.roots).verify(Certificate(pem: chain[0]), for: .server)
    }

    @Test(arguments: [KeyAlgorithm.rsa(bits: 2048), .p256, .p384])
    func `a plugged-in CA signs, and sends its chain`(_ algorithm: KeyAlgorithm) throws {
        let pluggedIn = try PluggedIn(algorithm)
        let files = try #require(try AuthorityFiles.pluggedIn(pluggedIn.files))
        let chain = try MeshAuthority(files).sign(requestPEM: request(), for: httpbin, lifetime: .zero)
        #expect(chain.count == 3)
        #expect(chain[2] == pluggedIn.root.certificate.pem)
        let leaf = try Certificate(pem: chain[0])
        try TrustStore(pem: chain[2]).verify(leaf, intermediates: [Certificate(pem: chain[1])], for: .server)
        #expect(leaf.notAfter <= pluggedIn.authority.certificate.notAfter)
    }

    @Test func `cert-manager's names are understood`() throws {
        let pluggedIn = try PluggedIn(.p256)
        let files = try AuthorityFiles.pluggedIn([
            "tls.crt": Array(pluggedIn.authority.certificate.pem.utf8), "tls.key": Array(pluggedIn.key.pem().utf8),
            "ca.crt": Array(pluggedIn.root.certificate.pem.utf8),
        ])
        #expect(files?.roots == [pluggedIn.root.certificate])
    }

    @Test(arguments: ["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"])
    func `a partial plugged-in CA stops the start and says what is missing`(_ name: String) throws {
        var files = try PluggedIn(.p256).files
        files[name] = nil
        let error = #expect(throws: MeshError.self) { try AuthorityFiles.pluggedIn(files) }
        #expect(error?.message.contains(name) == true)
        #expect(try AuthorityFiles.pluggedIn([:]) == nil)
    }

    @Test func `a plugged-in CA that does not fit together is refused`() throws {
        let (first, second) = (try PluggedIn(.p256), try PluggedIn(.p256))
        for name in ["ca-key.pem", "root-cert.pem", "cert-chain.pem"] {
            var files = first.files
            files[name] = second.files[name]
            #expect(throws: MeshError(.invalidConfiguration, ""), "with another \(name)") {
                try AuthorityFiles.pluggedIn(files)
            }
        }
    }

    @Test func `a CA with another root is not taken at run time`() throws {
        let first = try PluggedIn(.p256)
        let authority = MeshAuthority(try #require(try AuthorityFiles.pluggedIn(first.files)))
        let other = try #require(try AuthorityFiles.pluggedIn(try PluggedIn(.p256).files))
        #expect(throws: MeshError(.invalidConfiguration, "")) { try authority.replace(with: other) }
        #expect(authority.roots == [first.root.certificate])
        let key = try PrivateKey(generating: .p256)
        let next = try first.root.intermediate(organization: "Mesh 2", key: key, lifetime: .seconds(7200))
        try authority.replace(
            with: AuthorityFiles(authority: next, intermediates: [next.certificate], roots: [first.root.certificate])
        )
        let chain = try authority.sign(requestPEM: request(), for: httpbin, lifetime: .zero)
        #expect(try Certificate(pem: chain[0]).issuer == "O=Mesh 2")
    }

    @Test func `an expired signing certificate signs nothing`() throws {
        let authority = MeshAuthority(try #require(try AuthorityFiles.pluggedIn(try PluggedIn(.p256).files)))
        let request = try request()
        let error = #expect(throws: SigningError.self) {
            try authority.sign(requestPEM: request, for: httpbin, lifetime: .zero, now: .now + .seconds(100_000))
        }
        #expect(error?.description.hasPrefix("signing certificate has expired at ") == true)
    }

    @Test func `the control plane's own certificate bears its names`() throws {
        let authority = MeshAuthority(try AuthorityFiles.selfSigned(trustDomain: "cluster.local").files)
        let identity = try authority.serverIdentity(dnsNames: ["istiod.istio-system.svc"])
        #expect(identity.leaf.isFor(host: "istiod.istio-system.svc"))
        try TrustStore(roots: authority.roots).verify(identity.leaf, for: .server)
    }
}
