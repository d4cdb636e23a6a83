internal import Base
internal import Discovery

/// What is known about one accepted connection; made once, read by every request on it.
final class ConnectionInfo {
    enum Direction: Sendable { case inbound, outbound }

    let direction: Direction
    let peer: SocketAddress
    /// Where the peer meant to connect: the original destination.
    let target: SocketAddress
    /// The `x-forwarded-client-cert` element that speaks for the caller; empty without mutual TLS.
    var callerElement: [UInt8] = []
    /// The caller's SPIFFE id; empty without mutual TLS.
    var principal = ""
    var isMutualTLS = false
    /// The server name that the client sent.
    var serverName = ""
    /// Why the connection is or is not mutual TLS.
    var reason = ""
    /// The policy of the port; inbound only.
    var port: InboundPolicy.Port?

    /// Whether the connection may go on under the policy of `tables`; plaintext may not under STRICT.
    func isAllowed(by tables: ProxyTables) -> Bool {
        guard direction == .inbound, !isMutualTLS else { return true }
        return tables.policy(port: target.port)?.mode != .strict
    }

    init(_ direction: Direction, peer: SocketAddress, target: SocketAddress) {
        self.direction = direction
        self.peer = peer
        self.target = target
    }
}
