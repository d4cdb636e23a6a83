internal import Base
internal import Discovery
internal import EventLoop
internal import HTTP

/// One request and its response on their way through the proxy; joins the connection it came on with the one it goes on.
///
/// An HTTP/1 connection borrows one for each request (``HTTP1Workspace``); an HTTP/2 connection has one for each stream.
/// Both legs are on one thread. Bytes wait in ``request`` and in the downstream's output, and when too many do, the other
/// side is not read from. Which version of HTTP either leg speaks shows nowhere but in how ``request`` is written.
final class Exchange: ConfigurationWaiter {
    enum Phase {
        /// Between two requests.
        case idle
        /// Waiting for the control plane to say what the request's authority means.
        case routing
        /// Waiting on purpose.
        case paused
        /// Waiting for a secret that the destination's TLS is made from.
        case equipping
        /// Waiting for the addresses of the name that the request asks for.
        case resolving
        /// Waiting for a connection.
        case connecting
        /// The request is on its way, the response has not begun.
        case waiting
        /// The response has begun.
        case responding
    }

    let worker: Worker
    /// Whose request it is; for a spare one, whose it was.
    unowned var downstream: any DownstreamLeg
    var info: ConnectionInfo { downstream.info }

    var phase = Phase.idle
    /// The request's head, as it came and as edited for the next hop.
    var head = HTTP1Head()
    /// The request as it is sent upstream.
    var request = OutgoingRequest()
    /// The protocol that the client offered to switch to; nil when it did not.
    private(set) var upgrade: String?
    /// The client will send no more through a tunnel.
    var hasTunnelEnded = false
    private(set) var pool: DestinationPool?
    private(set) var endpoint: EndpointPool?
    /// The endpoints of the attempts so far, in their order.
    private(set) var tried: [EndpointPool] = []
    private(set) var upstream: (any UpstreamLeg)?
    var retry = RetryDecision(RetryPolicy(attempts: 0))
    var attempts = 1
    /// What the route has decided; nil when all requests for the authority are treated alike.
    var progress: RouteProgress?
    /// How long the whole of the response may take; zero for no limit.
    var timeout: Duration = .zero
    /// How long one attempt may take; zero for no limit.
    var attemptTimeout: Duration = .zero
    var timers = ExchangeTimers()
    var mirrors: [MirrorLeg] = []
    /// Whether this is a copy of a request, which nobody wants to read of.
    private(set) var isMirror = false
    var log = ExchangeLog()
    /// How the client's gRPC-Web becomes gRPC; nil for any other request.
    var web: GRPCWeb?
    /// What chooses the endpoint with consistent hashing; nil for any.
    private(set) var hash: UInt64?
    /// What a client is told by that gets a cookie for it.
    private(set) var cookie: String?
    /// Whether the pool counts it among its retries.
    var isRetrying = false

    init(_ worker: Worker, _ downstream: any DownstreamLeg) {
        self.worker = worker
        self.downstream = downstream
    }

    /// The request's head is complete in ``head``; its body, if any, follows.
    ///
    /// - Parameter isHeadOnly: Whether nothing follows it but ``requestEnded(trailers:)``.
    func begin(isHeadOnly: Bool) {
        request.begin(isHeadOnly: isHeadOnly)
        hasTunnelEnded = false
        attempts = 1
        log.begin(at: worker.loop.now)
        upgrade = RequestRules.offeredUpgrade(head)
        log.client = RequestRules(info: info).apply(to: &head, worker: worker)
        web = info.translatesGRPCWeb ? GRPCWeb(head) : nil
        web?.translate(request: &head)
        if GRPCNotes.isCall(head) { log.grpc = GRPCNotes() }
        route()
    }

    // Routing

    private func route() {
        switch downstream.resolve(&head) {
        case .pool(let pool, let retries, let routeName):
            log.routeName = routeName
            if head.contains(.grpcTimeout) { timeout = GRPCTimeout.effective(head, limit: .zero) }
            start(pool, retries)
        case .route(let match): follow(match)
        case .unknownYet(let name):
            phase = .routing
            worker.wait(for: name, self)
        case .reply(let reply, let routeName):
            log.routeName = routeName
            respond(reply)
        }
    }

    /// Sends the request to that destination.
    func start(_ pool: DestinationPool, _ retries: RetryPolicy) {
        self.pool = pool
        request.version = pool.version(for: head, from: info.direction)
        // What becomes a gRPC call can be nothing else, unless somebody has declared it.
        if web != nil, pool.destination.application != .http { request.version = .http2 }
        retry = RetryDecision(retries)
        hash = pool.destination.affinity?.hash(head, from: log.client ?? info.peer.ip, &worker.random, cookie: &cookie)
        startTotalTimer()
        encode()
        connect()
    }

    /// Begins a copy of a request that others have edited.
    func beginMirror(of head: HTTP1Head, body: [UInt8], to pool: DestinationPool, timeout: Duration) {
        isMirror = true
        self.head = head
        self.timeout = timeout
        log.begin(at: worker.loop.now)
        request.beginCopy(body: body)
        start(pool, RetryPolicy(attempts: 0))
    }

    /// What was waited for has arrived, or will not.
    func configurationArrived(isThere: Bool) {
        switch phase {
        case .routing: if isThere { route() } else { respond(.routeUnknown) }
        case .equipping: secretArrived(isThere: isThere)
        default: return
        }
        if phase != .idle { flushRequest() }
    }

    /// Writes the request for the next attempt.
    func encode() {
        if info.direction != .inbound {
            let count = DecimalDigits(attempts)
            head.set(.xEnvoyAttemptCount, to: count.span)
        }
        request.encode(head, upgrade: upgrade)
    }

    // Connecting

    func connect() {
        guard let pool else { return respond(.noCluster) }
        if pool.isFull { return respond(.reset(.overflow, wasRetried: retry.wasRetried)) }
        if let named = pool.named {
            if let endpoint = namedEndpoint(named) { use(endpoint) }
            return
        }
        guard let endpoint = pickEndpoint(of: pool) else {
            let refusal = pool.destination.refusal
            return respond(refusal.isEmpty ? .noHealthyUpstream : .refused(refusal))
        }
        use(endpoint.asked(for: head.authority, isCopy: isMirror))
    }

    private func use(_ found: EndpointPool) {
        let endpoint = found.serving(info)
        if let security = endpoint.security, security.context == nil {
            if awaitSecret() { return }
            // Another attempt would find the same. What is missing is for the log, and not for the client.
            worker.handshakeFailed(to: endpoint, security.problem)
            log.upstreamFailure = security.problem
            return respond(.reset(.localConnectionFailure, wasRetried: retry.wasRetried, cause: security.problem))
        }
        self.endpoint = endpoint
        endpoint.load += 1
        log.endpoint = endpoint
        phase = .connecting
        switch endpoint.takeTurn(self, request.version) {
        case .reuse(let leg): begin(on: leg)
        case .open: connect(to: endpoint)
        case .wait: break
        case .overflow: respond(.reset(.overflow, wasRetried: retry.wasRetried))
        }
    }

    /// Takes the destination as it is since configuration has changed.
    ///
    /// - Returns: False when it is gone.
    func renewPool() -> Bool {
        guard let old = pool, let renewed = worker.pool(named: old.name) else { return false }
        if isRetrying { (old.retries, renewed.retries) = (old.retries - 1, renewed.retries + 1) }
        pool = renewed
        return true
    }

    /// Opens a connection, now that there may be one more.
    func connect(to endpoint: EndpointPool) {
        let leg = endpoint.makeLeg(worker, request.version)
        upstream = leg
        leg.open(for: self)
    }

    /// Takes over a connection that is ready.
    func begin(on leg: any UpstreamLeg) {
        upstream = leg
        leg.begin(self)
        if leg.isReady { upstreamReady() }
    }

    /// The connection can take the request now.
    func upstreamReady() {
        guard let upstream else { return }
        phase = .waiting
        upstream.beginRequest(of: self)
        startAttemptTimer()
        flushRequest()
    }

    // Ending

    /// Answers by itself, and ends the exchange.
    func respond(_ reply: LocalReply) {
        let downstream = downstream
        log.grpc?.answered(reply)
        var reply = log.grpc == nil ? reply : reply.forGRPC(contentType: web?.contentType)
        log.refused(reply)
        progress?.edit(&reply, from: self)
        phase = .responding
        downstream.respond(reply, isRequestComplete: request.isComplete || request.isHeadOnly)
        finish(isReusable: false)
        downstream.exchangeEnded()
    }

    func finish(isReusable: Bool) {
        if !isMirror { worker.finished(self) }
        release(isReusable: isReusable)
        phase = .idle
        request.removeAll()
        if !tried.isEmpty { tried.removeAll(keepingCapacity: true) }
        if isRetrying { pool?.retries -= 1 }
        isRetrying = false
        pool = nil
        (web, hash, cookie) = (nil, nil, nil)
        forgetRoute()
        log.reset()
    }

    private func forgetRoute() {
        timers.cancelAll(on: worker.loop)
        (timeout, attemptTimeout) = (.zero, .zero)
        progress = nil
        if mirrors.isEmpty { return }
        if !request.isComplete { for mirror in mirrors { mirror.cancel() } }
        mirrors = []
    }

    func release(isReusable: Bool) {
        if let endpoint {
            endpoint.load -= 1
            if upstream == nil { endpoint.stopWaiting(self) }
            if phase != .responding { tried.append(endpoint.chosen) }
        }
        ExchangeTimers.cancel(&timers.attempt, on: worker.loop)
        endpoint = nil
        guard let leg = upstream.take() else { return }
        leg.end(isReusable: isReusable)
    }

    /// Gives memory back while the connection is idle.
    func releaseMemory() {
        guard phase == .idle else { return }
        request.releaseMemory()
        head.releaseMemory()
    }

    /// The destination's name for log and metrics; empty when none was found.
    var clusterName: String { pool?.name ?? "" }
    var clusterID: ObjectIdentifier? { pool.map(ObjectIdentifier.init) }
    var destination: Destination? { pool?.destination }
}
