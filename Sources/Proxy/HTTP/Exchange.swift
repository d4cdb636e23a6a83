internal import Base
internal import Discovery
internal import EventLoop
internal import HTTP

/// One request and its response on their way through the proxy; joins the connection it came on with the one it goes on.
///
/// An HTTP/1 connection uses one exchange again and again; an HTTP/2 connection will have one for each stream. Both
/// legs are on one thread. Bytes wait in ``request`` and in the downstream's output, and when too many do, the other
/// side is not read from.
final class Exchange: ConfigurationWaiter {
    enum Phase {
        /// Between two requests.
        case idle
        /// Waiting for the control plane to say what the request's authority means.
        case routing
        /// Waiting for a connection.
        case connecting
        /// The request is on its way, the response has not begun.
        case waiting
        /// The response has begun.
        case responding
    }

    let worker: Worker
    unowned let downstream: DownstreamHTTP1
    var info: ConnectionInfo { downstream.info }

    private(set) var phase = Phase.idle
    /// The request's head, as it came and as edited for the next hop.
    var head = HTTP1Head()
    /// The request as it is sent upstream; kept until the response begins, so that it can be sent again.
    private var request = OutputBuffer()
    /// Whether all of the request so far is still in ``request``.
    private var canReplay = true
    private var isChunked = false
    /// Whether the client offered to switch to another protocol.
    private(set) var isUpgrade = false
    /// The client will send no more through a tunnel.
    private var hasTunnelEnded = false
    private(set) var isRequestComplete = false
    private var pool: DestinationPool?
    private var endpoint: EndpointPool?
    private var failedEndpoint: EndpointPool?
    private(set) var upstream: UpstreamHTTP1?
    private var retry = RetryDecision(RetryPolicy(attempts: 0))
    private var attemptOffset: Int?
    private var attempts = 1
    var log = ExchangeLog()

    /// Requests larger than this cannot be tried again.
    private static let replayLimit = 64 * 1024

    init(_ worker: Worker, _ downstream: DownstreamHTTP1) {
        self.worker = worker
        self.downstream = downstream
    }

    // From downstream: the request

    /// The request's head is complete in ``head``; its body, if any, follows.
    func begin() {
        canReplay = true
        isRequestComplete = false
        hasTunnelEnded = false
        attempts = 1
        log.begin(at: worker.loop.now)
        isChunked = head.framing == .chunked
        let rules = RequestRules(info: info)
        let upgrade = head.isUpgrade ? head.text(of: .upgrade) : nil
        isUpgrade = upgrade != nil
        rules.apply(to: &head, upgrade: upgrade, worker: worker)
        route()
    }

    /// More of the request's body.
    func body(_ data: Span<UInt8>) {
        log.bytesReceived += data.count
        guard phase != .idle, !log.isRefused else { return }
        if isChunked { ChunkWriter.chunk(data, to: &request.bytes) } else { request.bytes.append(data) }
    }

    /// The request is complete, with trailers or without.
    func requestEnded(trailers: HTTP1Head?) {
        isRequestComplete = true
        guard isChunked, phase != .idle else { return }
        if let trailers {
            ChunkWriter.end(with: trailers, to: &request.bytes)
        } else {
            ChunkWriter.end(to: &request.bytes)
        }
    }

    /// No more input right now: sends what has gathered.
    func flushRequest() {
        guard let upstream, upstream.isReady else {
            if request.waiting > OutputBuffer.highWater { downstream.pauseReading(true) }
            return
        }
        if canReplay && request.bytes.count > Self.replayLimit { stopReplay() }
        if !upstream.send(&request, isKept: canReplay) {
            return upstream.failed(.connectionTermination, cause: upstream.failure)
        }
        if hasTunnelEnded && request.isEmpty { upstream.finishSending() }
        downstream.pauseReading(hasTunnelEnded || request.waiting > OutputBuffer.highWater)
    }

    private func stopReplay() {
        canReplay = false
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
        log.flag = .downstreamTermination
        if log.details.isEmpty { log.details = "downstream_remote_disconnect" }
        finish(isReusable: false)
    }

    // Routing

    private func route() {
        switch downstream.resolve(&head) {
        case .pool(let pool, let retries, let routeName):
            (self.pool, log.routeName) = (pool, routeName)
            retry = RetryDecision(retries)
            encode()
            connect()
        case .unknownYet(let name):
            phase = .routing
            worker.wait(for: name, self)
        case .reply(let reply, let routeName):
            log.routeName = routeName
            respond(reply)
        }
    }

    /// What was waited for has arrived, or will not.
    func configurationArrived(isThere: Bool) {
        guard phase == .routing else { return }
        if isThere { route() } else { respond(.routeUnknown) }
        if phase != .idle { flushRequest() }
    }

    private func encode() {
        // Body bytes that came while the route was not known are behind the head.
        var early: [UInt8] = []
        if !request.bytes.isEmpty { swap(&early, &request.bytes) }
        request.removeAll()
        attemptOffset = head.write(to: &request.bytes, attemptCount: info.direction == .outbound)
        if !early.isEmpty { request.bytes += early }
    }

    // Connecting

    private func connect() {
        guard let pool else { return respond(.noCluster) }
        guard let endpoint = pool.pick(original: info.target, avoiding: failedEndpoint, &worker.random) else {
            let refusal = pool.destination.refusal
            return respond(refusal.isEmpty ? .noHealthyUpstream : .refused(refusal))
        }
        self.endpoint = endpoint
        endpoint.load += 1
        log.endpoint = endpoint
        phase = .connecting
        switch endpoint.takeTurn(self) {
        case .reuse(let connection): begin(on: connection)
        case .open: connect(to: endpoint)
        case .wait: break
        case .overflow: respond(.reset(.overflow, wasRetried: retry.wasRetried))
        }
    }

    /// Opens a connection of its own.
    func connect(to endpoint: EndpointPool) {
        let connection = UpstreamHTTP1(worker, endpoint)
        upstream = connection
        connection.open(for: self)
    }

    /// Takes over a connection that is ready.
    func begin(on connection: UpstreamHTTP1) {
        upstream = connection
        connection.begin(self)
        upstreamReady()
    }

    /// The connection can take the request now.
    func upstreamReady() {
        guard let upstream else { return }
        phase = .waiting
        upstream.expectResponse(to: head.methodID)
        flushRequest()
    }

    /// The connection has taken all it could not before.
    func upstreamDrained() { flushRequest() }

    // From upstream: the response

    /// The response's head is complete.
    func responded(_ response: inout HTTP1Head) {
        if response.status < 200, response.status != 101 { return forwardInterim(&response) }
        phase = .responding
        log.responseBegan(response, at: worker.loop.now)
        if canReplay { stopReplay() }
        ResponseRules(info: info, serviceTime: log.serviceTime).apply(to: &response)
        downstream.beginResponse(&response, isRequestComplete: isRequestComplete)
    }

    private func forwardInterim(_ response: inout HTTP1Head) {
        // The proxy has answered the client's Expect itself.
        if response.status == 100 || head.version == .http10 { return }
        downstream.interimResponse(&response)
    }

    func responseBody(_ data: Span<UInt8>) {
        log.bytesSent += data.count
        downstream.responseBody(data)
    }

    /// The response is complete.
    ///
    /// - Parameter isReusable: Whether the upstream connection may carry another request.
    func responseEnded(trailers: HTTP1Head?, isReusable: Bool) {
        if log.details.isEmpty { log.details = "via_upstream" }
        downstream.endResponse(trailers: trailers)
        finish(isReusable: isReusable && isRequestComplete)
        downstream.exchangeEnded()
    }

    /// No more input from the upstream right now: sends what has gathered.
    func flushResponse() {
        downstream.flush()
        if downstream.isOutputFull { upstream?.pauseReading(true) }
    }

    /// The client has taken what it could not before.
    func downstreamDrained() { upstream?.pauseReading(false) }

    /// The upstream connection is lost or could not be made.
    ///
    /// - Parameter progress: How far this attempt came.
    func upstreamFailed(_ reason: LocalReply.ResetReason, cause: String, progress: RetryDecision.Progress) {
        let isTunnel = phase == .responding
        log.upstreamFailure = cause
        release(isReusable: false)
        if isTunnel { return abortResponse(reason) }
        let isRetried = retry.shouldRetry(
            progress,
            isIdempotent: head.methodID.isIdempotent,
            canReplay: canReplay
        )
        guard isRetried else { return respond(.reset(reason, wasRetried: retry.wasRetried, cause: cause)) }
        request.rewind()
        countAttempt()
        connect()
    }

    private func countAttempt() {
        attempts += 1
        if let attemptOffset { request.bytes[attemptOffset] = UInt8(ascii: "0") + UInt8(min(9, attempts)) }
    }

    /// Some of the response is on its way to the client: all that is left is to cut it off.
    private func abortResponse(_ reason: LocalReply.ResetReason) {
        log.flag = reason.flag
        log.details = "upstream_reset_after_response_started{\(LocalReply.underscored(reason.rawValue))}"
        finish(isReusable: false)
        downstream.abort()
    }

    // Ending

    /// Answers by itself, and ends the exchange.
    func respond(_ reply: LocalReply) {
        log.refused(reply)
        phase = .responding
        downstream.respond(reply, isRequestComplete: isRequestComplete)
        finish(isReusable: false)
        downstream.exchangeEnded()
    }

    private func finish(isReusable: Bool) {
        worker.finished(self)
        release(isReusable: isReusable)
        phase = .idle
        request.removeAll()
        failedEndpoint = nil
        pool = nil
        log.reset()
    }

    private func release(isReusable: Bool) {
        if let endpoint {
            endpoint.load -= 1
            if upstream == nil { endpoint.stopWaiting(self) }
            failedEndpoint = endpoint
        }
        endpoint = nil
        guard let connection = upstream.take() else { return }
        connection.end(isReusable: isReusable)
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
