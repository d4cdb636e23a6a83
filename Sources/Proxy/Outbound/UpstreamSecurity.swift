internal import Base
internal import Discovery
internal import TLS

/// How one destination's encrypted endpoints are spoken to.
final class UpstreamSecurity: Sendable {
    /// What is inside, which the ALPN offer tells the server's proxy.
    enum Content: Sendable { case http, bytes }

    /// Nil when it cannot be made: nothing is sent then, least of all in plaintext.
    let context: TLSClientContext?
    /// Why there is no context.
    let problem: String
    /// What to ask for (SNI); nil for nothing.
    let serverName: String?
    private let http: ApplicationProtocols?
    private let bytes: ApplicationProtocols?
    private let name: String

    init(_ tls: ClientTLS, _ destination: Destination, _ credentials: Credentials?) {
        name = destination.name
        serverName =
            tls.serverName.isEmpty ? (destination.application == .tcp ? nil : destination.host) : tls.serverName
        let isMesh = tls.credential == .workload
        http = isMesh ? ["istio-http/1.1", "istio", "http/1.1"] : nil
        bytes = isMesh ? ["istio-peer-exchange", "istio"] : nil
        guard let credentials else {
            (context, problem) = (nil, "this workload has no certificate yet")
            return
        }
        do {
            (context, problem) = (try credentials.client(tls), "")
        } catch {
            (context, problem) = (nil, "\(error)")
        }
    }

    /// An endpoint must be encrypted, and nothing says how.
    init(missingFor destination: Destination) {
        (name, serverName, http, bytes, context) = (destination.name, nil, nil, nil, nil)
        problem = "the destination says that endpoints are encrypted, but not how"
    }

    func applicationProtocols(_ content: Content) -> ApplicationProtocols? { content == .http ? http : bytes }

    /// What sessions are remembered by: a session with one destination's server proves nothing to another's.
    func sessionKey(_ address: SocketAddress) -> String { "\(name) \(address)" }

    /// Whether connections made by either are as good.
    func isEquivalent(to other: UpstreamSecurity?) -> Bool {
        guard let other, let context, let theirs = other.context else { return false }
        return context === theirs && serverName == other.serverName && name == other.name
    }
}
