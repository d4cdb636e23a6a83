internal import Base
internal import Discovery
internal import EventLoop

/// One endpoint as one worker uses it: its idle connections, its load, and who waits for a connection.
final class EndpointPool {
    /// How many idle connections one worker keeps to one endpoint.
    static let mostIdle = 1024

    let address: SocketAddress
    /// The Unix socket that is meant instead of ``address``; empty for none.
    let path: String
    /// `10.244.0.5:80` or `unix:///run/app.sock`, for the log.
    let name: String
    /// The local address connections come from; nil for any.
    let source: SocketAddress?
    /// How TLS is spoken to the endpoint; nil for plaintext.
    let security: UpstreamSecurity?
    /// How the endpoint is told who the client is.
    let proxyProtocol: Destination.ProxyProtocol
    /// What is said first on a connection, even before TLS; empty for nothing.
    let preamble: [UInt8]
    /// Why it is or is not encrypted.
    let reason: String
    let limits: Limits
    /// Since when this worker knows the endpoint, in whatever way it was spoken to.
    let birth: MonotonicTime

    struct Limits: Hashable {
        var connectTimeout: Duration = .seconds(10)
        /// 0 for no limit.
        var connections = 0
        var waiting = 1024
        /// Requests on one connection, 0 for no limit.
        var requestsPerConnection = 0
        /// Streams of one connection at once, 0 for no limit but the endpoint's.
        var streams = 0
        /// How long a connection is kept without requests, zero for the worker's default.
        var idleTimeout = Duration.zero
        /// How long a connection that is not HTTP may be silent, zero for the worker's default.
        var tcpIdleTimeout = Duration.zero
        /// How long a connection may last, zero for ever.
        var lifetime = Duration.zero
        /// When silent connections are probed; nil for never.
        var keepalive: Destination.TCPKeepalive?

        /// When a connection that is idle from now on is closed.
        ///
        /// - Parameter birth: When it was made.
        func deadline(_ now: MonotonicTime, birth: MonotonicTime, default idle: Duration) -> MonotonicTime {
            let end = now + (idleTimeout > .zero ? idleTimeout : idle)
            return lifetime > .zero ? min(end, birth + lifetime) : end
        }

        func hasOutlived(_ birth: MonotonicTime, at now: MonotonicTime) -> Bool {
            lifetime > .zero && now >= birth + lifetime
        }
    }

    /// The one most recently used is last, and used first: the others may grow old.
    private(set) var idle: [UpstreamHTTP1] = []
    /// HTTP/2 connections that may take more streams.
    private var shared: [UpstreamHTTP2] = []
    /// Open connections, in use or not.
    private(set) var connections = 0
    /// Requests being served, and byte connections, those of its ``variants`` included.
    var load = 0 { didSet { origin?.load += load - oldValue } }
    /// The same endpoint under the names that requests ask for, where TLS depends on it, and for single clients.
    var variants = EndpointVariants()
    /// What this is a variant of; nil for an endpoint itself.
    private(set) weak var origin: EndpointPool?
    /// The endpoint as it was chosen.
    var chosen: EndpointPool { origin?.chosen ?? self }
    /// What came of the requests to it.
    var health = EndpointHealth()
    private var waiting: [Exchange] = []
    /// False once configuration no longer names the endpoint: connections end after their request.
    private(set) var isCurrent = true

    init(
        _ address: SocketAddress,
        path: String = "",
        source: SocketAddress? = nil,
        security: UpstreamSecurity? = nil,
        proxyProtocol: Destination.ProxyProtocol = .none,
        reason: String = "",
        limits: Limits = Limits(),
        birth: MonotonicTime = MonotonicTime(nanoseconds: 0)
    ) {
        self.address = address
        self.path = path
        self.source = source
        self.security = security
        self.proxyProtocol = proxyProtocol
        preamble = []
        self.reason = reason
        self.limits = limits
        self.birth = birth
        name = path.isEmpty ? address.description : "unix://\(path)"
    }

    /// The same endpoint for requests to `host`.
    init(_ origin: EndpointPool, for host: String) {
        (address, path, source, reason) = (origin.address, origin.path, origin.source, origin.reason)
        (security, limits, name) = (origin.security?.asking(for: host), origin.limits, origin.name)
        (birth, proxyProtocol, preamble) = (origin.birth, origin.proxyProtocol, [])
        self.origin = origin
    }

    /// The same endpoint for what comes on one client's connection.
    init(_ origin: EndpointPool, for client: ConnectionInfo) {
        (address, path, source, reason) = (origin.address, origin.path, origin.source, origin.reason)
        (security, limits, name) = (origin.security, origin.limits, origin.name)
        (birth, proxyProtocol, preamble) = (origin.birth, origin.proxyProtocol, origin.preamble(for: client))
        self.origin = origin
    }

    /// What became of asking for a connection.
    enum Turn {
        case reuse(any UpstreamLeg)
        case open
        /// The exchange waits, and will be told.
        case wait
        case overflow
    }

    /// Says how `exchange` gets a connection.
    func takeTurn(_ exchange: Exchange, _ version: HTTPVersion) -> Turn {
        switch version {
        case .http1: if let connection = idle.popLast() { return .reuse(connection) }
        case .http2: if let connection = shared.first(where: \.canServe) { return .reuse(connection.makeStream()) }
        }
        if limits.connections == 0 || connections < limits.connections { return .open }
        if waiting.count >= limits.waiting { return .overflow }
        waiting.append(exchange)
        return .wait
    }

    /// A connection that is still to be opened.
    func makeLeg(_ worker: Worker, _ version: HTTPVersion) -> any UpstreamLeg {
        if version == .http1 { return UpstreamHTTP1(worker, self) }
        let connection = UpstreamHTTP2(worker, self)
        if isCurrent { shared.append(connection) }
        return connection.makeStream()
    }

    /// The exchange gave up before its turn came.
    func stopWaiting(_ exchange: Exchange) { waiting.removeAll { $0 === exchange } }

    /// Why connections to it are or are not mutual TLS, for the log.
    var decision: String {
        guard let security else { return "plaintext: \(reason)" }
        return "\(security.isMutual ? "mTLS" : "TLS"): \(reason)"
    }

    func connectionOpened() { connections += 1 }

    /// A connection is gone; somebody else may open one.
    func connectionClosed() {
        connections -= 1
        if !waiting.isEmpty, limits.connections == 0 || connections < limits.connections {
            waiting.removeFirst().connect(to: self)
        }
    }

    /// A connection has served its request and could serve another; false when it must be closed instead.
    func returned(_ connection: UpstreamHTTP1) -> Bool {
        guard isCurrent, idle.count < Self.mostIdle else { return false }
        if limits.requestsPerConnection > 0, connection.served >= limits.requestsPerConnection { return false }
        if let index = waiting.firstIndex(where: { $0.request.version == .http1 }) {
            waiting.remove(at: index).begin(on: connection)
        } else {
            idle.append(connection)
        }
        return true
    }

    /// An HTTP/2 connection has room for another stream.
    func streamEnded(_ connection: UpstreamHTTP2) {
        guard isCurrent else { return connection.retire() }
        guard let index = waiting.firstIndex(where: { $0.request.version == .http2 }) else { return }
        waiting.remove(at: index).begin(on: connection.makeStream())
    }

    /// The connection will take no more.
    func forget(_ connection: UpstreamHTTP1) {
        if let index = idle.lastIndex(where: { $0 === connection }) { idle.remove(at: index) }
    }

    func forget(_ connection: UpstreamHTTP2) { shared.removeAll { $0 === connection } }

    /// Configuration no longer names the endpoint, or speaks to it in another way.
    func retire() {
        isCurrent = false
        let connections = idle
        idle = []
        for connection in connections { connection.close() }
        let sharedConnections = shared
        shared = []
        for connection in sharedConnections { connection.retire() }
        for variant in variants.removeAll() { variant.retire() }
    }
}
