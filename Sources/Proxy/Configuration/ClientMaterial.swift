internal import Base
internal import Discovery
internal import TLS

/// What a client's TLS is made from besides the workload's own certificate: when it stays the same, so does the context.
struct ClientMaterial: Hashable, Sendable {
    let tls: ClientTLS
    /// The secrets that ``tls`` names; nil for one that has not come.
    private let pair: Credential?
    private let roots: Credential?

    init(_ tls: ClientTLS, secrets: [String: Credential]) {
        self.tls = tls
        if case .secret(let name) = tls.credential { pair = secrets[name] } else { pair = nil }
        roots = tls.rootsSecret.isEmpty ? nil : secrets[tls.rootsSecret]
    }

    /// What to show to servers; nil for nothing.
    ///
    /// - Throws: ``MeshError`` that names the file or the secret.
    func identity(workload: TLSIdentity) throws(MeshError) -> TLSIdentity? {
        switch tls.credential {
        case .none: return nil
        case .workload: return workload
        case .files(let certificate, let key):
            return try TLSIdentity(certificatePEM: try Self.read(certificate), keyPEM: try Self.read(key))
        case .secret(let name):
            let secret = try Self.usable(pair, name)
            return try TLSIdentity(certificatePEM: secret.certificatesPEM, keyPEM: secret.keyPEM)
        }
    }

    /// Whom to believe.
    ///
    /// - Throws: ``MeshError`` that names the file or the secret.
    func trust(workload: TrustStore) throws(MeshError) -> TrustStore {
        if tls.credential == .workload { return workload }
        if !tls.rootsSecret.isEmpty {
            let secret = try Self.usable(roots, tls.rootsSecret)
            return try Self.trust(roots: secret.rootsPEM, revocations: secret.revocationsPEM)
        }
        if tls.rootsFile.isEmpty {
            if tls.revocationsFile.isEmpty { return .system }
            throw MeshError(
                .invalidConfiguration,
                "caCrl \(tls.revocationsFile) needs caCertificates: revocation by the system's roots is not known"
            )
        }
        let revocations = tls.revocationsFile.isEmpty ? "" : try Self.read(tls.revocationsFile)
        return try Self.trust(roots: try Self.read(tls.rootsFile), revocations: revocations)
    }

    private static func trust(roots: String, revocations: String) throws(MeshError) -> TrustStore {
        try TrustStore(
            roots: try Certificate.chain(pem: roots),
            revocationLists: revocations.isEmpty ? [] : try RevocationList.lists(pem: revocations)
        )
    }

    private static func usable(_ secret: Credential?, _ name: String) throws(MeshError) -> Credential {
        guard let secret else {
            throw MeshError(.invalidConfiguration, "credential \(name) has not come from the control plane yet")
        }
        guard secret.problem.isEmpty else {
            throw MeshError(.invalidConfiguration, "credential \(name): \(secret.problem)")
        }
        return secret
    }

    private static func read(_ path: String) throws(MeshError) -> String {
        do {
            return try Files.readText(path)
        } catch {
            throw MeshError(.invalidConfiguration, "cannot read \(path)", cause: error)
        }
    }
}
