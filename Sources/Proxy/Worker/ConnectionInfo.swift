internal import Base
internal import Discovery
internal import TLS

/// What a handshake with a client has agreed on, as far as requests and their log need it.
struct DownstreamTLS: Hashable, Sendable {
    var version: TLSVersion
    /// OpenSSL's name.
    var cipherSuite: String
    /// ALPN; nil without.
    var applicationProtocol: String?

    init(_ info: TLSInfo) {
        (version, cipherSuite) = (info.version, info.cipherSuite)
        applicationProtocol = info.applicationProtocol
    }
}

/// What is known about one accepted connection; made once, read by every request on it.
final class ConnectionInfo {
    enum Direction: Sendable {
        case inbound, outbound
        /// From the world outside, or from another mesh, to a gateway.
        case gateway
    }

    let direction: Direction
    /// The connection's other end, or whom a proxy before this one has introduced (PROXY protocol).
    var peer: SocketAddress
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
    /// The chain that took the connection, at a gateway.
    var chain: GatewayTables.Chain?
    /// What the TLS handshake agreed on, at a gateway; nil where no TLS ends.
    var tls: DownstreamTLS?
    /// The client's certificate, at a gateway that has verified it.
    var certificate: Certificate?
    /// Where the last request was counted.
    var series: MetricsSeries?

    /// Whether the connection may go on: plaintext may not under STRICT, and at a gateway its chain must be there.
    func isAllowed(by tables: ProxyTables) -> Bool {
        switch direction {
        case .outbound: true
        case .inbound: isMutualTLS || tables.policy(port: target.port)?.mode != .strict
        case .gateway: chain.map { tables.gateway?.contains($0) ?? false } ?? true
        }
    }

    /// Whether calls of gRPC-Web that come on it become gRPC calls.
    var translatesGRPCWeb: Bool {
        port?.translatesGRPCWeb ?? chain?.configuration.translatesGRPCWeb ?? false
    }

    /// Endpoints as they are used for this connection only, as they are told who the client is.
    private var introductions: [EndpointPool] = []

    func note(_ introduction: EndpointPool) {
        if introductions.count >= 16 { introductions.removeAll { !$0.isCurrent } }
        introductions.append(introduction)
    }

    deinit {
        for introduction in introductions { introduction.leave(ObjectIdentifier(self)) }
    }

    init(_ direction: Direction, peer: SocketAddress, target: SocketAddress) {
        self.direction = direction
        self.peer = peer
        self.target = target
    }
}
