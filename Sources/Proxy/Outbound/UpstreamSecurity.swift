internal import Base
internal import Discovery
internal import TLS

/// How one destination's encrypted endpoints are spoken to.
final class UpstreamSecurity: Sendable {
    /// What is inside, which the ALPN offer tells the server's proxy.
    enum Content: Sendable { case http1, http2, bytes }

    /// Nil when it cannot be made: nothing is sent then, least of all in plaintext.
    let context: TLSClientContext?
    /// Why there is no context.
    let problem: String
    /// What to ask for (SNI) unless a request names something else; nil for nothing.
    let serverName: String?
    /// What the server's certificate must be for where nothing else says whom to expect: what is asked for, or else the
    /// destination's host; a name below the rest of one that began with `*`.
    let expectedHost: String?
    /// Whether each request is sent to the server of the name that it asks for (Istio's `auto_sni`), as no name is set.
    let asksForRequestedHost: Bool
    /// Whether a certificate is shown to the server, should it ask for one.
    let isMutual: Bool
    private let http1: ApplicationProtocols?
    private let http2: ApplicationProtocols?
    private let bytes: ApplicationProtocols?
    private let name: String

    init(_ material: ClientMaterial, _ destination: Destination, _ credentials: Credentials?) {
        let tls = material.tls
        name = destination.name
        asksForRequestedHost = tls.serverName.isEmpty && tls.credential != .workload
        let hasName = destination.application != .tcp && !destination.host.hasPrefix("*")
        serverName = tls.serverName.isEmpty ? (hasName ? destination.host : nil) : tls.serverName
        expectedHost =
            serverName ?? (destination.host.hasPrefix("*") ? String(destination.host.dropFirst()) : destination.host)
        isMutual = tls.credential != .none
        let isMesh = tls.credential == .workload
        http1 = isMesh ? ["istio-http/1.1", "istio", "http/1.1"] : nil
        http2 = isMesh ? ["istio-h2", "istio", "h2"] : ["h2"]
        // The list of a cluster that is declared HTTP/2 names it even where bytes are carried.
        let ofHTTP2: ApplicationProtocols = ["istio-peer-exchange", "istio", "h2"]
        let ofBytes: ApplicationProtocols = ["istio-peer-exchange", "istio"]
        bytes = isMesh ? (destination.application == .http2 ? ofHTTP2 : ofBytes) : nil
        guard let credentials else {
            (context, problem) = (nil, "this workload has no certificate yet")
            return
        }
        do {
            (context, problem) = (try credentials.client(material), "")
        } catch {
            (context, problem) = (nil, "\(error)")
        }
    }

    /// An endpoint must be encrypted, and nothing says how.
    init(missingFor destination: Destination) {
        (name, serverName, expectedHost, context, isMutual) = (destination.name, nil, nil, nil, true)
        (http1, http2, bytes, asksForRequestedHost) = (nil, nil, nil, false)
        problem = "the destination says that endpoints are encrypted, but not how"
    }

    /// The same with another name to ask for, by which sessions are kept apart, too.
    private init(_ other: UpstreamSecurity, serverName: String) {
        (name, context, problem, isMutual) = (other.name, other.context, other.problem, other.isMutual)
        (http1, http2, bytes, asksForRequestedHost) = (other.http1, other.http2, other.bytes, false)
        (self.serverName, expectedHost) = (serverName, serverName)
    }

    /// What is spoken to the server of that name, and verified by it where the destination says so.
    func asking(for host: String) -> UpstreamSecurity {
        asksForRequestedHost ? UpstreamSecurity(self, serverName: host) : self
    }

    /// What is offered (ALPN), as Istio's `istio.alpn` filter chooses it.
    func applicationProtocols(_ content: Content) -> ApplicationProtocols? {
        switch content {
        case .http1: http1
        case .http2: http2
        case .bytes: bytes
        }
    }

    /// What sessions are remembered by: a session with one destination's server proves nothing to another's.
    func sessionKey(_ address: SocketAddress) -> String { "\(name) \(address)" }

    /// Whether connections made by either are as good.
    func isEquivalent(to other: UpstreamSecurity?) -> Bool {
        guard let other, let context, let theirs = other.context else { return false }
        return context === theirs && serverName == other.serverName && name == other.name
            && asksForRequestedHost == other.asksForRequestedHost
    }
}
