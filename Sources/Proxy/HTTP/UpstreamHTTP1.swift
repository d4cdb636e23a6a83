internal import Base
internal import EventLoop
internal import HTTP

/// An HTTP/1 connection to an endpoint: serves one exchange at a time, and waits idle between them.
final class UpstreamHTTP1: ChannelHolder, UpstreamLeg, UpstreamConnection, TurnHandler {
    private enum State {
        case connecting
        /// Ready; nobody uses it.
        case idle
        /// Waiting for a response, or within its head.
        case head
        /// Within the body of a response.
        case body
        /// Both ways are plain bytes now.
        case tunnel
        case closed
    }

    let endpoint: EndpointPool
    private var state = State.connecting
    private var exchange: Exchange?
    private var parser = HTTP1HeadParser(.response(to: .get))
    private var head = HTTP1Head()
    private var body = BodyReader(.none)
    private var keepsAlive = true
    private var hasReceived = false
    /// Requests begun on this connection.
    private(set) var served = 0
    var isCounted = false
    var timer: TimerID?
    var deadline: MonotonicTime
    let birth: MonotonicTime

    init(_ worker: Worker, _ endpoint: EndpointPool) {
        self.endpoint = endpoint
        birth = worker.loop.now
        deadline = birth + endpoint.limits.connectTimeout
        super.init(worker, nil)
    }

    var isReady: Bool { state == .idle || state == .head || state == .body || state == .tunnel }

    // Opening

    /// Connects, shakes hands, and then begins `exchange`.
    func open(for exchange: Exchange) {
        self.exchange = exchange
        beginOpening(.http1)
    }

    func opened() {
        state = .idle
        guard let exchange else { return close() }
        served += 1
        exchange.upstreamReady()
    }

    // From the exchange

    /// An idle connection is taken into use.
    func begin(_ exchange: Exchange) {
        self.exchange = exchange
        served += 1
    }

    /// A request is about to be sent; the next head is the response to it.
    func beginRequest(of exchange: Exchange) {
        state = .head
        hasReceived = false
        keepsAlive = true
        head.removeAll()
        parser.reset(.response(to: exchange.head.methodID))
    }

    func send(_ request: inout OutputBuffer, isKept: Bool) -> Bool {
        channel?.flush(&request, isKept: isKept, on: worker.loop) ?? false
    }

    func pauseReading(_ isPaused: Bool) { setReading(isPaused: isPaused) }

    func finishSending() { channel?.finishSending(on: worker.loop) }

    func end(isReusable: Bool) {
        exchange = nil
        guard isReusable, keepsAlive, state == .idle, !worker.isDraining,
            !endpoint.limits.hasOutlived(birth, at: worker.loop.now)
        else { return close() }
        deadline = endpoint.limits.deadline(worker.loop.now, birth: birth, default: worker.limits.idleTimeout)
        pauseReading(false)
        if !endpoint.returned(self) { close() }
    }

    // Events

    func becameReady(_ readiness: Readiness) {
        if state == .connecting { return proceedOpening() }
        if readiness.contains(.writable) { exchange?.upstreamDrained() }
        if readiness.contains(.readable) || readiness.contains(.failed) { readInput() }
    }

    /// Reads what TLS has decrypted already, of which the loop cannot tell.
    func turnEnded() {
        if channel?.isReadingPaused == false { readInput() }
    }

    func take(_ input: Span<UInt8>) {
        // Nobody asked for these bytes.
        guard let exchange else { return close() }
        hasReceived = true
        var offset = 0
        while offset < input.count {
            switch state {
            case .head: takeHead(input, &offset, exchange)
            case .body: takeBody(input, &offset, exchange)
            case .tunnel:
                exchange.responseBody(input.extracting(offset...))
                offset = input.count
            case .connecting, .idle, .closed:
                // More than one response to one request: the connection cannot be trusted any more.
                keepsAlive = false
                offset = input.count
            }
        }
        guard state != .closed, state != .idle else { return finishResponse(exchange) }
        exchange.flushResponse()
    }

    private func takeHead(_ input: Span<UInt8>, _ offset: inout Int, _ exchange: Exchange) {
        switch parser.parse(input.extracting(offset...), into: &head) {
        case .needsMore: offset = input.count
        case .complete(let consumed):
            offset += consumed
            takeResponse(exchange)
        case .failed(let error):
            offset = input.count
            failed(.protocolError, cause: "\(error.reason)")
        }
    }

    private func takeResponse(_ exchange: Exchange) {
        if head.status < 200, head.status != 101 {
            exchange.responded(&head)
            head.removeAll()
            return parser.reset(.response(to: exchange.head.methodID))
        }
        keepsAlive = head.keepsAlive
        let framing = head.framing
        if framing == .tunnel, exchange.upgrade == nil {
            return failed(.protocolError, cause: "the server switched protocols though nobody asked")
        }
        exchange.responded(&head)
        // The exchange may have given up on the response.
        if state == .closed { return }
        switch framing {
        case .none: state = .idle
        case .tunnel: state = .tunnel
        default:
            body = BodyReader(framing)
            state = .body
        }
    }

    private func takeBody(_ input: Span<UInt8>, _ offset: inout Int, _ exchange: Exchange) {
        switch body.next(in: input, at: &offset) {
        case .data(let range):
            exchange.responseBody(input.extracting(range))
            if body.isComplete { state = .idle }
        case .end: state = .idle
        case .needsMore: break
        case .failed(let error):
            offset = input.count
            failed(.protocolError, cause: "\(error.reason)")
        }
    }

    private func finishResponse(_ exchange: Exchange) {
        guard state == .idle, self.exchange === exchange else { return }
        exchange.responseEnded(trailers: body.trailers, isReusable: keepsAlive)
    }

    func inputEnded() {
        guard let exchange else { return close() }
        switch state {
        case .tunnel:
            keepsAlive = false
            exchange.responseEnded(trailers: nil, isReusable: false)
        case .body where body.inputEnded():
            keepsAlive = false
            state = .idle
            finishResponse(exchange)
        default: failed(.connectionTermination, cause: "")
        }
    }

    func failed(_ reason: LocalReply.ResetReason, cause: String) {
        guard state != .closed else { return }
        let progress: RetryDecision.Progress =
            switch state {
            case .connecting: .notSent
            case .head where hasReceived: .answered
            case .head: served > 1 ? .sentOnReusedConnection : .sent
            default: .answered
            }
        let exchange = exchange.take()
        close()
        exchange?.upstreamFailed(reason, cause: cause, progress: progress)
    }

    func timerFired(_ timer: TimerID) {
        self.timer = nil
        switch state {
        case .connecting: openingTimedOut()
        case .idle where worker.loop.now >= deadline: close()
        default:
            if state == .idle { head.releaseMemory() }
            self.timer = worker.loop.schedule(after: worker.limits.sweepInterval, self)
        }
    }

    func close() {
        guard state != .closed else { return }
        state = .closed
        exchange = nil
        endpoint.forget(self)
        release()
    }
}
