import HTTP
import Synchronization
import TLS

/// Keeps a client, and so its connections, for each webhook's server.
///
/// A handshake for every review would cost more than the review.
final class WebhookClients: Sendable {
    /// A server, and whom it must be vouched for by.
    struct Server: Hashable {
        var host: String
        var port: UInt16
        /// What the certificate must be for.
        var name: String
        /// The webhook's `caBundle`, in PEM; nil for the system's authorities.
        var authority: String?
    }

    /// When there are more servers than anybody has, all are forgotten.
    private static let most = 64

    private let clients = Mutex<[String: (server: Server, client: HTTPClient)]>([:])

    /// The client for `server`; that for another server of its name, such as one with another address, is dropped.
    ///
    /// - Throws: ``MeshError`` when the authority cannot be read.
    func client(for server: Server) throws -> HTTPClient {
        let key = "\(server.name):\(server.port)"
        if let known = clients.withLock({ $0[key] }), known.server == server { return known.client }
        let trust = try server.authority.map { try TrustStore(pem: $0) } ?? .system
        let tls = try TLSClientContext(
            TLSClientConfiguration(verification: PeerVerification(trust: trust, names: .host))
        )
        let client = HTTPClient(host: server.host, port: server.port, tls: tls, serverName: server.name)
        clients.withLock {
            if $0.count >= Self.most { $0 = [:] }
            $0[key] = (server, client)
        }
        return client
    }
}
