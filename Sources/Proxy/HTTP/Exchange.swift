internal import Base
internal import Discovery
internal import EventLoop
internal import HTTP

/// One request and its response on their way through the proxy; joins the connection it came on with the one it goes on.
///
/// An HTTP/1 connection uses one exchange again and again; an HTTP/2 connection has one for each stream. Both legs are on
/// one thread. Bytes wait in ``request`` and in the downstream's output, and when too many do, the other side is not
/// read from. Which version of HTTP either leg speaks shows nowhere but in how ``request`` is written.
final class Exchange: ConfigurationWaiter {
    enum Phase {
        /// Between two requests.
        case idle
        /// Waiting for the control plane to say what the request's authority means.
        case routing
        /// Waiting on purpose.
        case paused
        /// Waiting for a connection.
        case connecting
        /// The request is on its way, the response has not begun.
        case waiting
        /// The response has begun.
        case responding
    }

    let worker: Worker
    unowned let downstream: any DownstreamLeg
    var info: ConnectionInfo { downstream.info }

    var phase = Phase.idle
    /// The request's head, as it came and as edited for the next hop.
    var head = HTTP1Head()
    /// The request as it is sent upstream; kept until the response begins, so that it can be sent again.
    private(set) var request = OutputBuffer()
    private(set) var trailers: HTTP1Head?
    /// Octets of ``request`` that are its head; 0 while the head is not written, or where it goes another way.
    private var headOctets = 0
    /// Whether ``request`` is written as the endpoint reads it; before, it is the mere body.
    private var isEncoded = false
    /// Whether all of the request so far is still in ``request``.
    private(set) var canReplay = true
    private var isChunked = false
    /// The protocol that the client offered to switch to; nil when it did not.
    private(set) var upgrade: String?
    /// The client will send no more through a tunnel.
    private(set) var hasTunnelEnded = false
    private(set) var isRequestComplete = false
    private(set) var pool: DestinationPool?
    /// The version that the endpoint is spoken to in.
    private(set) var version = HTTPVersion.http1
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
    private var web: GRPCWeb?
    /// What chooses the endpoint with consistent hashing; nil for any.
    private(set) var hash: UInt64?
    /// What a client is told by that gets a cookie for it.
    private var cookie: String?
    /// Whether the pool counts it among its retries.
    var isRetrying = false

    /// Requests larger than this cannot be tried again.
    private static let replayLimit = 64 * 1024

    init(_ worker: Worker, _ downstream: any DownstreamLeg) {
        self.worker = worker
        self.downstream = downstream
    }

    // From downstream: the request

    /// The request's head is complete in ``head``; its body, if any, follows.
    func begin() {
        canReplay = true
        isRequestComplete = false
        hasTunnelEnded = false
        (isChunked, isEncoded, headOctets) = (false, false, 0)
        attempts = 1
        log.begin(at: worker.loop.now)
        upgrade = RequestRules.offeredUpgrade(head)
        log.client = RequestRules(info: info).apply(to: &head, worker: worker)
        web = info.translatesGRPCWeb ? GRPCWeb(head) : nil
        web?.translate(request: &head)
        if GRPCNotes.isCall(head) { log.grpc = GRPCNotes() }
        route()
    }

    /// More of the request's body.
    func body(_ data: Span<UInt8>) {
        log.bytesReceived += data.count
        guard phase != .idle, !log.isRefused else { return }
        guard web != nil else { return addBody(data) }
        var translated: [UInt8] = []
        guard web?.translate(request: data, into: &translated) == true else { return refuseText() }
        addBody(translated.span)
    }

    private func addBody(_ data: Span<UInt8>) {
        log.grpc?.request.take(data)
        HTTP1RequestWriter.body(data, isChunked: isChunked, to: &request.bytes)
        for mirror in mirrors { mirror.exchange.body(data) }
    }

    private func refuseText() {
        if phase == .responding { return cutOff() }
        release(isReusable: false)
        respond(.badRequest("grpc-web-text is not base64"))
    }

    /// The request is complete, with trailers or without.
    func requestEnded(trailers: HTTP1Head?) {
        isRequestComplete = true
        if phase != .idle, !log.isRefused, web?.isRequestWhole == false { return refuseText() }
        guard phase != .idle else { return }
        self.trailers = trailers
        if isChunked { HTTP1RequestWriter.end(trailers: trailers, to: &request.bytes) }
        startTotalTimer()
        startAttemptTimer()
        for mirror in mirrors { mirror.exchange.requestEnded(trailers: trailers) }
    }

    /// No more input right now: sends what has gathered.
    func flushRequest() {
        for mirror in mirrors where mirror.exchange.phase != .idle { mirror.exchange.flushRequest() }
        guard let upstream, upstream.isReady else { return downstream.requestWaits(request.waiting) }
        if canReplay && request.bytes.count > Self.replayLimit { stopReplay() }
        if !upstream.send(&request, isKept: canReplay) {
            return upstream.failed(.connectionTermination, cause: upstream.failure)
        }
        if hasTunnelEnded && request.isEmpty { upstream.finishSending() }
        downstream.requestWaits(request.waiting)
    }

    private func stopReplay() {
        canReplay = false
        headOctets = 0
        request.dropSent()
    }

    /// Bytes of the client after its request was upgraded.
    func tunnelBytes(_ data: Span<UInt8>) {
        log.bytesReceived += data.count
        request.bytes.append(data)
    }

    /// The client sends no more after its request was upgraded; the other way stays open.
    func tunnelInputEnded() {
        hasTunnelEnded = true
        flushRequest()
    }

    /// The client is gone: nobody wants the response.
    func downstreamClosed() {
        guard phase != .idle else { return }
        worker.stopWaiting(self)
        log.flag.insert(.downstreamTermination)
        if log.details.isEmpty { log.details = "downstream_remote_disconnect" }
        finish(isReusable: false)
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
        version = pool.version(for: head, from: info.direction)
        // What becomes a gRPC call can be nothing else, unless somebody has declared it.
        if web != nil, pool.destination.application != .http { version = .http2 }
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
        canReplay = false
        self.timeout = timeout
        log.begin(at: worker.loop.now)
        request.bytes = body
        start(pool, RetryPolicy(attempts: 0))
    }

    /// What has come of the body before the head is written.
    var earlyBody: [UInt8] { isEncoded ? [] : request.bytes }

    /// What was waited for has arrived, or will not.
    func configurationArrived(isThere: Bool) {
        guard phase == .routing else { return }
        if isThere { route() } else { respond(.routeUnknown) }
        if phase != .idle { flushRequest() }
    }

    /// Writes the request as the endpoint reads it, with the body that has come already or was sent before.
    func encode() {
        if info.direction != .inbound {
            let count = DecimalDigits(attempts)
            head.set(.xEnvoyAttemptCount, to: count.span)
        }
        var body: [UInt8] = []
        if request.bytes.count > headOctets { body = Array(request.bytes[headOctets...]) }
        request.removeAll()
        let wasEncoded = isEncoded
        isEncoded = true
        isChunked = version == .http1 && head.framing == .chunked
        if version == .http1 { HTTP1RequestWriter.write(head, upgrade: upgrade, to: &request.bytes) }
        headOctets = request.bytes.count
        if wasEncoded { return request.bytes += body }
        HTTP1RequestWriter.body(body.span, isChunked: isChunked, to: &request.bytes)
        if isRequestComplete, isChunked { HTTP1RequestWriter.end(trailers: trailers, to: &request.bytes) }
    }

    // Connecting

    func connect() {
        guard let pool else { return respond(.noCluster) }
        if pool.isFull { return respond(.reset(.overflow, wasRetried: retry.wasRetried)) }
        guard let endpoint = pickEndpoint(of: pool) else {
            let refusal = pool.destination.refusal
            return respond(refusal.isEmpty ? .noHealthyUpstream : .refused(refusal))
        }
        if let security = endpoint.security, security.context == nil {
            // Another attempt would find the same. What is missing is for the log, and not for the client.
            worker.handshakeFailed(to: endpoint, security.problem)
            log.upstreamFailure = security.problem
            return respond(.reset(.localConnectionFailure, wasRetried: retry.wasRetried, cause: security.problem))
        }
        self.endpoint = endpoint
        endpoint.load += 1
        log.endpoint = endpoint
        phase = .connecting
        switch endpoint.takeTurn(self, version) {
        case .reuse(let leg): begin(on: leg)
        case .open: connect(to: endpoint)
        case .wait: break
        case .overflow: respond(.reset(.overflow, wasRetried: retry.wasRetried))
        }
    }

    /// Opens a connection, now that there may be one more.
    func connect(to endpoint: EndpointPool) {
        let leg = endpoint.makeLeg(worker, version)
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

    /// Gives the body's next octets to a stream that has room for them.
    func takeRequest(into buffer: inout MutableSpan<UInt8>) -> HTTP2BodyPart {
        let count = request.move(into: &buffer, isKept: canReplay)
        downstream.requestWaits(request.waiting)
        return hasNoMoreRequest ? .end(count, trailers: trailers) : .more(count)
    }

    /// Whether all of the request, or of what the client says through a tunnel, was taken.
    var hasNoMoreRequest: Bool {
        (upgrade == nil ? isRequestComplete : hasTunnelEnded) && request.isEmpty
    }

    /// The scheme that the request was made with.
    var scheme: HTTP1Head.Scheme {
        head.schemeName == "https" ? .https : .http
    }

    /// The connection has taken all it could not before.
    func upstreamDrained() { flushRequest() }

    // From upstream: the response

    /// The response's head is complete.
    func responded(_ response: inout HTTP1Head) {
        if response.status < 200, response.status != 101 { return forwardInterim(&response) }
        if isTriedAgain(instead: response) { return }
        phase = .responding
        ExchangeTimers.cancel(&timers.attempt, on: worker.loop)
        log.responseBegan(response, at: worker.loop.now)
        log.grpc?.note(response)
        if canReplay { stopReplay() }
        let rules = ResponseRules(info: info, serviceTime: log.serviceTime)
        rules.tellServiceTime(in: &response)
        progress?.edit(&response)
        if let cookie { response.append("set-cookie".utf8.span, cookie.utf8.span) }
        rules.tellServer(in: &response)
        web?.translate(response: &response)
        downstream.beginResponse(&response, isRequestComplete: isRequestComplete)
    }

    private func forwardInterim(_ response: inout HTTP1Head) {
        // The proxy has answered the client's Expect itself.
        if response.status == 100 || head.version == .http10 { return }
        downstream.interimResponse(&response)
    }

    func responseBody(_ data: Span<UInt8>) {
        log.bytesSent += data.count
        log.grpc?.response.take(data)
        guard web != nil else { return downstream.responseBody(data) }
        var translated: [UInt8] = []
        web?.translate(response: data, into: &translated)
        downstream.responseBody(translated.span)
    }

    /// The response is complete.
    ///
    /// - Parameter isReusable: Whether the upstream connection may carry another request.
    func responseEnded(trailers: HTTP1Head?, isReusable: Bool) {
        let downstream = downstream
        if log.details.isEmpty { log.details = "via_upstream" }
        if let trailers { log.grpc?.note(trailers) }
        if let end = web?.end(trailers: trailers), !end.isEmpty {
            downstream.responseBody(end.span)
            downstream.endResponse(trailers: nil)
        } else {
            downstream.endResponse(trailers: trailers)
        }
        finish(isReusable: isReusable && isRequestComplete)
        downstream.exchangeEnded()
    }

    /// No more input from the upstream right now: sends what has gathered.
    func flushResponse() {
        // Writing may find the client gone, which is the end of the leg but for this reference.
        let downstream = downstream
        downstream.flush()
        if downstream.isOutputFull { upstream?.pauseReading(true) }
    }

    /// The client has taken what it could not before.
    func downstreamDrained() { upstream?.pauseReading(false) }

    /// The upstream connection is lost or could not be made.
    ///
    /// - Parameter progress: How far this attempt came.
    func upstreamFailed(_ reason: LocalReply.ResetReason, cause: String, progress: RetryDecision.Progress) {
        let hasBegun = phase == .responding
        if !hasBegun, reason != .overflow { judgeEndpoint(.gatewayError) }
        log.upstreamFailure = cause
        release(isReusable: false)
        if hasBegun { return abortResponse(reason) }
        attemptEnded(
            .reset(reason, progress),
            otherwise: .reset(reason, wasRetried: retry.wasRetried, cause: cause)
        )
    }

    /// Some of the response is on its way to the client: all that is left is to cut it off.
    private func abortResponse(_ reason: LocalReply.ResetReason) {
        log.flag.insert(reason.flag)
        log.details = "upstream_reset_after_response_started{\(LocalReply.underscored(reason.rawValue))}"
        cutOff()
    }

    /// The response cannot be completed, and the client must see it.
    func cutOff() {
        let downstream = downstream
        finish(isReusable: false)
        downstream.abort()
    }

    // Ending

    /// Answers by itself, and ends the exchange.
    func respond(_ reply: LocalReply) {
        let downstream = downstream
        log.grpc?.answered(reply)
        var reply = log.grpc == nil ? reply : reply.forGRPC(contentType: web?.contentType)
        progress?.edit(&reply)
        log.refused(reply)
        phase = .responding
        downstream.respond(reply, isRequestComplete: isRequestComplete)
        finish(isReusable: false)
        downstream.exchangeEnded()
    }

    private func finish(isReusable: Bool) {
        if !isMirror { worker.finished(self) }
        release(isReusable: isReusable)
        phase = .idle
        request.removeAll()
        trailers = nil
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
        if !isRequestComplete { for mirror in mirrors { mirror.cancel() } }
        mirrors = []
    }

    func release(isReusable: Bool) {
        if let endpoint {
            endpoint.load -= 1
            if upstream == nil { endpoint.stopWaiting(self) }
            if phase != .responding { tried.append(endpoint) }
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

    /// Where the requests of this exchange were counted last.
    var series: MetricsSeries?

    /// The destination's name for log and metrics; empty when none was found.
    var clusterName: String { pool?.name ?? "" }
    var clusterID: ObjectIdentifier? { pool.map(ObjectIdentifier.init) }
    var destination: Destination? { pool?.destination }
}
