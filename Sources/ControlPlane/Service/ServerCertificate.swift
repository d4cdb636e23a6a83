internal import Base
internal import Identity
internal import Network
internal import TLS

/// Serves the control plane's own certificate, and replaces it in time without touching open connections.
struct ServerCertificate: Sendable {
    private let authority: MeshAuthority
    private let names: [String]
    /// For proxies: those that have a certificate show it, the others have a token.
    let secure: AsyncListener
    /// For the API server, which shows none.
    let webhooks: AsyncListener
    private let log = Log("ca")

    /// Listens with a first certificate.
    init(authority: MeshAuthority, options: Options) throws {
        self.authority = authority
        names = options.serverNames
        let identity = try authority.serverIdentity(dnsNames: names)
        secure = try AsyncListener(
            binding: SocketAddress(.any, port: options.securePort),
            tls: try Self.secureContext(identity, authority.roots)
        )
        webhooks = try AsyncListener(
            binding: SocketAddress(.any, port: options.webhookPort),
            tls: try Self.webhookContext(identity)
        )
    }

    /// Renews the certificate whenever half of its life is over, until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let wait = renew()
            try? await Task.sleep(for: wait)  // Cancelled: the loop ends.
        }
    }

    /// Serves a new certificate from now on.
    ///
    /// - Returns: How long to wait before the next.
    @discardableResult
    func renew() -> Duration {
        do {
            let identity = try authority.serverIdentity(dnsNames: names)
            secure.use(try Self.secureContext(identity, authority.roots))
            webhooks.use(try Self.webhookContext(identity))
            return max((identity.leaf.notAfter - .now) / 2, .seconds(10))
        } catch {
            log.error("the control plane's own certificate cannot be renewed, next attempt in a minute: \(error)")
            return .seconds(60)
        }
    }

    private static func secureContext(
        _ identity: TLSIdentity,
        _ roots: [Certificate]
    ) throws(MeshError) -> TLSServerContext {
        var configuration = TLSServerConfiguration(identity: identity)
        configuration.parameters.applicationProtocols = ["h2"]
        let verification = PeerVerification(trust: try TrustStore(roots: roots), names: .any)
        configuration.clientCertificate = .optional(verification)
        return try TLSServerContext(configuration)
    }

    private static func webhookContext(_ identity: TLSIdentity) throws(MeshError) -> TLSServerContext {
        var configuration = TLSServerConfiguration(identity: identity)
        configuration.parameters.applicationProtocols = ["http/1.1"]
        return try TLSServerContext(configuration)
    }
}
