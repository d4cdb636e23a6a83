public import Base
public import TLS

/// What a CA is made of, as files or as the keys of a Secret.
public struct AuthorityFiles: Sendable {
    public let authority: CertificateAuthority
    /// What follows a leaf in a chain, each an element of its own: the certificates between it and the root.
    public let intermediates: [Certificate]
    /// What peers must trust.
    public let roots: [Certificate]

    public init(authority: CertificateAuthority, intermediates: [Certificate], roots: [Certificate]) {
        self.authority = authority
        self.intermediates = intermediates
        self.roots = roots
    }

    /// The names under which Istio keeps them, and those of cert-manager.
    private static let istioNames = ["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"]
    private static let certManagerNames = ["tls.crt", "tls.key", "ca.crt"]

    /// Reads a CA that the operator has plugged in (Secret `cacerts`).
    ///
    /// - Returns: nil when none of the files is there.
    /// - Throws: ``MeshError`` when only some are, or they do not fit together: then the mesh must not start with a CA of
    ///   its own, which its workloads elsewhere would not trust.
    public static func pluggedIn(_ files: [String: [UInt8]]) throws(MeshError) -> Self? {
        let isIstio = istioNames.contains { files[$0] != nil }
        let names = isIstio ? istioNames : certManagerNames
        let missing = names.filter { files[$0]?.isEmpty ?? true }
        if missing.count == names.count { return nil }
        guard missing.isEmpty else {
            throw MeshError(
                .invalidConfiguration,
                "the plugged-in CA (Secret cacerts) lacks \(missing.joined(separator: ", ")); give all of "
                    + "\(names.joined(separator: ", ")), or delete the Secret for a self-signed CA"
            )
        }
        let text = names.map { String(decoding: files[$0] ?? [], as: UTF8.self) }
        do {
            return try read(certificate: text[0], key: text[1], roots: text[2], chain: isIstio ? text[3] : text[0])
        } catch {
            throw MeshError(.invalidConfiguration, "the plugged-in CA (Secret cacerts) cannot be used", cause: error)
        }
    }

    /// Reads a CA that was made by ``selfSigned(trustDomain:now:)`` (Secret `istio-ca-secret`).
    public static func kept(_ files: [String: [UInt8]]) throws(MeshError) -> Self {
        let certificate = String(decoding: files["ca-cert.pem"] ?? [], as: UTF8.self)
        let key = String(decoding: files["ca-key.pem"] ?? [], as: UTF8.self)
        do {
            return try read(certificate: certificate, key: key, roots: certificate, chain: "")
        } catch {
            throw MeshError(
                .invalidConfiguration,
                "the CA in Secret istio-ca-secret cannot be used; restore it, or delete it for a new one, "
                    + "which all workloads must then be restarted for",
                cause: error
            )
        }
    }

    private static func read(
        certificate: String,
        key: String,
        roots: String,
        chain: String
    ) throws(MeshError) -> Self {
        let roots = try Certificate.chain(pem: roots)
        let intermediates = chain.isEmpty ? [] : try Certificate.chain(pem: chain).filter { !roots.contains($0) }
        let certificate = try Certificate(pem: certificate)
        let authority = try CertificateAuthority(
            certificate: certificate,
            key: try PrivateKey(pem: key),
            intermediates: intermediates
        )
        if !roots.contains(certificate) { try check(authority, intermediates, roots) }
        return Self(authority: authority, intermediates: intermediates, roots: roots)
    }

    /// Refuses a CA whose certificates peers could not lead back to a root, by trying one.
    private static func check(
        _ authority: CertificateAuthority,
        _ intermediates: [Certificate],
        _ roots: [Certificate]
    ) throws(MeshError) {
        guard intermediates.contains(authority.certificate) else {
            throw MeshError(
                .invalidConfiguration,
                "cert-chain.pem does not contain the signing certificate ca-cert.pem"
            )
        }
        let key = try PrivateKey(generating: .p256)
        let leaf = try authority.sign(
            key.publicKey,
            names: AlternativeNames(dnsNames: ["probe.invalid"]),
            lifetime: .seconds(60)
        )
        try TrustStore(roots: roots).verify(leaf, intermediates: intermediates, for: .server)
    }

    // Self-signed

    /// How long a root that the mesh makes itself lasts: ten years (CITADEL_SELF_SIGNED_CA_CERT_TTL).
    public static let rootLifetime: Duration = .seconds(87_600 * 3600)

    /// Makes a root, and the Secret's content that keeps it.
    public static func selfSigned(
        trustDomain: String,
        now: Timestamp = .now
    ) throws(MeshError) -> (files: Self, secret: [String: [UInt8]]) {
        try selfSigned(trustDomain: trustDomain, key: try PrivateKey(generating: .p256), now: now)
    }

    /// Makes the root anew for its last fifth of life; nil before that.
    ///
    /// Its key stays, so that old and new certificates are good for each other.
    ///
    /// - Parameter secret: What ``kept(_:)`` was read from.
    public static func renewed(
        _ secret: [String: [UInt8]],
        trustDomain: String,
        now: Timestamp = .now
    ) throws(MeshError) -> (files: Self, secret: [String: [UInt8]])? {
        let certificate = try kept(secret).authority.certificate
        let life = certificate.notAfter - certificate.notBefore
        guard certificate.notAfter - now < life / 5 else { return nil }
        let key = try PrivateKey(pem: String(decoding: secret["ca-key.pem"] ?? [], as: UTF8.self))
        return try selfSigned(trustDomain: trustDomain, key: key, now: now)
    }

    private static func selfSigned(
        trustDomain: String,
        key: PrivateKey,
        now: Timestamp
    ) throws(MeshError) -> (files: Self, secret: [String: [UInt8]]) {
        let authority = try CertificateAuthority.selfSigned(
            organization: trustDomain,
            key: key,
            lifetime: rootLifetime,
            now: now
        )
        let root = authority.certificate
        let secret: [String: [UInt8]] = [
            "ca-cert.pem": Array(root.pem.utf8), "ca-key.pem": Array(key.pem().utf8),
            "cert-chain.pem": [], "key.pem": [], "root-cert.pem": [],
        ]
        return (Self(authority: authority, intermediates: [], roots: [root]), secret)
    }
}
