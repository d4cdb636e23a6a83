import Base
import TLS
import TestTLS
import Testing

@Suite struct CertificateTests {
    private static let sleep = AlternativeNames(uris: ["spiffe://cluster.local/ns/foo/sa/sleep"])

    @Test(arguments: [KeyAlgorithm.p256, .p384, .rsa(bits: 2048)]) func `keys survive PEM in both forms`(
        algorithm: KeyAlgorithm
    ) throws {
        let key = try PrivateKey(generating: algorithm)
        #expect(key.publicKey.algorithm == algorithm)
        for encoding in [PrivateKey.Encoding.traditional, .pkcs8] {
            #expect(try PrivateKey(pem: key.pem(encoding)).publicKey == key.publicKey)
        }
        let header = algorithm == .rsa(bits: 2048) ? "BEGIN RSA PRIVATE KEY" : "BEGIN EC PRIVATE KEY"
        #expect(key.pem().contains(header))
        #expect(key.pem(.pkcs8).contains("BEGIN PRIVATE KEY"))
        #expect(try PublicKey(pem: key.publicKey.pem) == key.publicKey)
    }

    @Test func `a key never shows itself`() throws {
        let key = try PrivateKey(generating: .p256)
        #expect("\(key)" == "private key")
        #expect(String(reflecting: key) == "private key")
    }

    @Test(arguments: ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
    func `what is no key is refused`(text: String) {
        #expect(throws: MeshError.self) { try PrivateKey(pem: text) }
        #expect(throws: MeshError.self) { try PublicKey(pem: text) }
        #expect(throws: MeshError.self) { try Certificate(pem: text) }
        #expect(throws: MeshError.self) { try CertificateRequest(pem: text) }
    }

    @Test func `an RSA key is not short`() {
        #expect(throws: MeshError.self) { try PrivateKey(generating: .rsa(bits: 1024)) }
    }

    @Test func `a workload certificate is as Istio makes it`() throws {
        let mesh = try TestAuthority()
        let key = try PrivateKey(generating: .p256)
        let request = try CertificateRequest(pem: CertificateRequest(key: key, names: Self.sleep).pem)
        #expect(request.publicKey == key.publicKey)
        #expect(request.names == Self.sleep)
        let now = Timestamp(seconds: Timestamp.now.seconds)
        let leaf = try mesh.authority.sign(request.publicKey, names: Self.sleep, lifetime: .seconds(600), now: now)
        #expect(leaf.notBefore == now + .seconds(-120))
        #expect(leaf.notAfter == now + .seconds(600))
        #expect(leaf.subject.isEmpty)
        #expect(leaf.issuer == "O=cluster.local")
        #expect(leaf.alternativeNames == Self.sleep)
        #expect(!leaf.isAuthority)
        #expect(key.matches(leaf))
        #expect((31...32).contains(leaf.serialNumber.count))
        #expect(leaf.fingerprint.count == 64)
        #expect(try Certificate(pem: leaf.pem) == leaf && Certificate(der: leaf.der) == leaf)
        try mesh.trust.verify(leaf, for: .client)
        try mesh.trust.verify(leaf, for: .server)
    }

    @Test func `a certificate ends with its authority, and an expired authority signs nothing`() throws {
        let now = Timestamp(seconds: Timestamp.now.seconds)
        let key = try PrivateKey(generating: .p256)
        let root = try CertificateAuthority.selfSigned(
            organization: "a",
            key: key,
            lifetime: .seconds(100),
            now: now
        )
        let leaf = try root.sign(key.publicKey, names: Self.sleep, lifetime: .seconds(1000), now: now)
        #expect(leaf.notAfter == root.certificate.notAfter)
        let error = #expect(throws: MeshError(.unavailable, "")) {
            try root.sign(key.publicKey, names: Self.sleep, lifetime: .seconds(1), now: now + .seconds(101))
        }
        #expect(error?.message == "signing certificate has expired at \(root.certificate.notAfter)")
    }

    @Test func `an intermediate's leaves lead to the root`() throws {
        let mesh = try TestAuthority()
        let key = try PrivateKey(generating: .p384)
        let between = try mesh.authority.intermediate(organization: "between", key: key, lifetime: .seconds(600))
        let leafKey = try PrivateKey(generating: .rsa(bits: 2048))
        let leaf = try between.sign(leafKey.publicKey, names: Self.sleep, lifetime: .seconds(60))
        #expect(throws: MeshError(.peerRejected, "")) { try mesh.trust.verify(leaf, for: .client) }
        try mesh.trust.verify(leaf, intermediates: between.intermediates, for: .client)
    }

    @Test func `a leaf or another's key makes no authority`() throws {
        let mesh = try TestAuthority()
        let identity = try mesh.identity(uri: "spiffe://a/b")
        let key = try PrivateKey(generating: .p256)
        #expect(throws: MeshError.self) { try CertificateAuthority(certificate: identity.leaf, key: key) }
        #expect(throws: MeshError.self) { try CertificateAuthority(certificate: mesh.authority.certificate, key: key) }
    }

    @Test func `a request that was tampered with is refused`() throws {
        let request = try CertificateRequest(key: PrivateKey(generating: .p256), names: Self.sleep)
        let lines = request.pem.split(separator: "\n").map(String.init)
        var der = try #require(Base64.decode(lines.dropFirst().dropLast().joined()))
        let position = try #require(der.indices.dropFirst().first { Array(der[$0...].prefix(3)) == Array("foo".utf8) })
        der[position] = UInt8(ascii: "b")
        let pem = "\(lines[0])\n\(Base64.encode(der))\n\(lines[lines.count - 1])\n"
        let error = #expect(throws: MeshError.self) { try CertificateRequest(pem: pem) }
        #expect(error?.message.contains("not signed with its own key") == true)
    }

    @Test func `a chain is read in order, and not past a broken one`() throws {
        let mesh = try TestAuthority()
        let leaf = try mesh.identity(uri: "spiffe://a/b").leaf
        #expect(
            try Certificate.chain(pem: leaf.pem + "text between\n" + mesh.rootPEM) == [
                leaf, mesh.authority.certificate,
            ]
        )
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        #expect(throws: MeshError.self) { try Certificate.chain(pem: leaf.pem + broken) }
    }

    @Test(arguments: [KeyAlgorithm.p256, .rsa(bits: 2048)]) func `token signatures hold, and only for what was signed`(
        algorithm: KeyAlgorithm
    ) throws {
        let key = try PrivateKey(generating: algorithm)
        for round in 0..<20 {
            let text = Array("header.payload.\(round)".utf8)
            let (used, signature) = try key.sign(text)
            #expect(used == (algorithm == .p256 ? .es256 : .rs256))
            #expect(signature.count == (algorithm == .p256 ? 64 : 256))
            #expect(key.publicKey.verify(signature, of: text, used))
            #expect(!key.publicKey.verify(signature, of: text + [1], used))
            #expect(!key.publicKey.verify(signature, of: text, used == .es256 ? .rs256 : .es256))
            #expect(!key.publicKey.verify(Array(signature.dropLast()), of: text, used))
            #expect(try !PrivateKey(generating: .p256).publicKey.verify(signature, of: text, used))
        }
        #expect(!key.publicKey.verify([], of: [], .es256))
        #expect(!key.publicKey.verify(Array(repeating: 0, count: 64), of: [], .es256))
    }

    @Test func `hashes are the published ones`() {
        #expect(
            Hex.encode(SHA256.hash(Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
    }
}
