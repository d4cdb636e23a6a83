internal import Base
internal import Discovery
internal import EventLoop
internal import HTTP

/// A client's HTTP/1 connection: reads requests one after the other and writes their responses.
final class DownstreamHTTP1: ChannelHolder, ChannelReader, ReadinessHandler, TimerHandler, TurnHandler, WorkerConnection
{
    enum State {
        /// Between requests, or within a head.
        case head
        /// Within the body of a request whose exchange is under way.
        case body
        /// The request is complete; the response is not.
        case response
        /// The request was refused or answered early: what still comes of it is thrown away.
        case draining
        /// Both ways are plain bytes now: the protocol was switched.
        case tunnel
        case closed
    }

    let info: ConnectionInfo
    let router: RequestRouter
    var state = State.head
    /// Borrowed for the request under way; nil between two.
    private var borrowed: HTTP1Workspace?
    var output = OutputBuffer()
    /// Bytes of the next request that came before this one was answered.
    var carry: [UInt8] = []
    private var isWithinHead = false
    var isProcessing = false
    var response = HTTP1ResponseWriter()
    /// Whether nothing more will be sent.
    private var hasEnded = false
    /// Whether a client has said, in plaintext, that this request is its last, and has sent it in one piece: nothing
    /// comes on which the kernel would reset the connection, so that it may be closed right after the answer.
    var mayCloseAtOnce = false
    /// Whether nothing has come yet, so that it may turn out to be HTTP/2.
    private var mayBeHTTP2: Bool
    private var deadline: MonotonicTime
    /// When an upgraded connection ends whose server is no longer there; nil while it is.
    private var tunnelEnd: MonotonicTime?
    private var timer: TimerID?

    init(
        _ worker: Worker,
        _ channel: consuming Channel,
        _ info: ConnectionInfo,
        _ router: RequestRouter,
        mayBeHTTP2: Bool = false
    ) {
        self.mayBeHTTP2 = mayBeHTTP2
        self.info = info
        self.router = router
        deadline = worker.idleDeadline
        super.init(worker, channel)
    }

    /// Starts reading.
    func start() {
        guard channel?.register(on: worker.loop, self) == true else { return close() }
        timer = worker.loop.schedule(after: worker.limits.sweepInterval, self)
        worker.add(self)
        // The first request may have come with the end of the handshake.
        if channel?.hasBufferedInput == true { readInput() }
    }

    // Events

    func becameReady(_ readiness: Readiness) {
        if readiness.contains(.writable) {
            flush()
            if state == .closed { return }
        }
        if readiness.contains(.readable) || readiness.contains(.failed) { readInput() }
    }

    /// Reads what TLS has decrypted already, of which the loop cannot tell.
    func turnEnded() {
        if channel?.isReadingPaused == false { readInput() }
    }

    func take(_ input: Span<UInt8>) {
        // A head that comes in pieces has one time for all of them.
        if !isWithinHead, !mayBeHTTP2 { deadline = worker.idleDeadline }
        process(input)
    }

    /// Serves as much of `input` as can be; keeps what belongs to a later request.
    private func process(_ input: Span<UInt8>) {
        if mayBeHTTP2, takePreface(input) { return }
        isProcessing = true
        var offset = 0
        loop: while offset < input.count {
            switch state {
            case .head: takeHead(input, &offset)
            case .body: takeBody(input, &offset)
            case .response:
                keep(input.extracting(offset...))
                break loop
            case .tunnel:
                exchange.tunnelBytes(input.extracting(offset...))
                offset = input.count
            case .draining, .closed: offset = input.count
            }
        }
        isProcessing = false
        if isExchanging { exchange.flushRequest() }
        if !output.isEmpty { flush() }
        giveWorkspaceBack()
    }

    /// Whether the client begins as HTTP/2 clients do, or may yet; then `input` is dealt with.
    private func takePreface(_ input: Span<UInt8>) -> Bool {
        if carry.isEmpty, !HTTPSniffer.startsLikePreface(input) {
            mayBeHTTP2 = false
            return false
        }
        let isFirstPiece = carry.isEmpty
        var bytes: [UInt8] = []
        swap(&bytes, &carry)
        bytes.append(input)
        mayBeHTTP2 = HTTPSniffer.startsLikePreface(bytes.span)
        if !mayBeHTTP2 {
            deadline = worker.idleDeadline
            process(bytes.span)
        } else if bytes.count < HTTPSniffer.prefaceOctets {
            if isFirstPiece { deadline = worker.loop.now + worker.limits.headTimeout }
            swap(&bytes, &carry)
        } else if let channel = channel.take() {
            end()
            DownstreamHTTP2(worker, channel, info, router).start(early: bytes)
        }
        return true
    }

    private func takeHead(_ input: Span<UInt8>, _ offset: inout Int) {
        let isFirstPiece = !isWithinHead
        if isFirstPiece {
            isWithinHead = true
            exchange.head.removeAll()
            workspace.parser.reset(.request)
        }
        let workspace = workspace
        switch workspace.parser.parse(input.extracting(offset...), into: &workspace.exchange.head) {
        case .needsMore:
            offset = input.count
            if isFirstPiece { deadline = worker.loop.now + worker.limits.headTimeout }
        case .complete(let consumed):
            offset += consumed
            isWithinHead = false
            if !isFirstPiece { deadline = worker.idleDeadline }
            beginRequest()
        case .failed(let error):
            offset = input.count
            refuse(error)
        }
    }

    private func beginRequest() {
        let saysLast = !exchange.head.keepsAlive
        response.isLast = saysLast || worker.isDraining || !info.isAllowed(by: worker.tables)
        if exchange.head.methodID == .connect { return refuseConnect() }
        if exchange.head.expectsContinue {
            exchange.head.remove(.expect)
            output.bytes.append("HTTP/1.1 100 Continue\r\n\r\n".utf8.span)
        }
        let framing = exchange.head.framing
        state = framing == .none ? .response : .body
        if state == .body { workspace.body = BodyReader(framing) }
        mayCloseAtOnce = saysLast && framing == .none && channel?.isPlaintext == true
        exchange.begin(isHeadOnly: framing == .none)
        if framing == .none, state == .response { exchange.requestEnded(trailers: nil) }
    }

    private func refuseConnect() {
        state = .response
        response.isLast = true
        exchange.log.begin(at: worker.loop.now)
        exchange.respond(.noRoute)
    }

    private func takeBody(_ input: Span<UInt8>, _ offset: inout Int) {
        let workspace = workspace
        switch workspace.body.next(in: input, at: &offset) {
        case .data(let range):
            exchange.body(input.extracting(range))
            // A body of known length ends with its last octet: nothing more may come to tell.
            if workspace.body.isComplete { bodyEnded() }
        case .end: bodyEnded()
        case .needsMore: break
        case .failed(let error):
            offset = input.count
            refuse(error)
        }
    }

    private func bodyEnded() {
        guard state == .body else { return }
        state = .response
        exchange.requestEnded(trailers: workspace.body.trailers)
    }

    /// The client broke the protocol: it gets an answer if none has begun, and the connection ends.
    private func refuse(_ error: HTTP1Error) {
        response.isLast = true
        if exchange.phase == .responding { return abort() }
        if !isExchanging { exchange.log.begin(at: worker.loop.now) }
        state = .draining
        exchange.respond(.badRequest("http1.\(error.reason)", status: error.status))
    }

    /// Remembers bytes of a later request, and stops reading when there are any.
    private func keep(_ rest: Span<UInt8>) {
        carry.append(rest)
        pauseReading(true)
    }

    /// Serves the bytes that were kept.
    func resumeCarry() {
        while state == .head, !carry.isEmpty {
            var bytes: [UInt8] = []
            swap(&bytes, &carry)
            process(bytes.span)
        }
        if state == .head { pauseReading(false) }
    }

    func inputEnded() {
        if state == .tunnel { return exchange.tunnelInputEnded() }
        inputLost()
    }

    /// The client is gone.
    func inputLost() {
        if isExchanging { exchange.downstreamClosed() }
        close()
    }

    // Between two requests

    private var workspace: HTTP1Workspace {
        if let borrowed { return borrowed }
        let workspace = worker.takeWorkspace(for: self)
        if output.bytes.isEmpty { swap(&output.bytes, &workspace.output) }
        borrowed = workspace
        return workspace
    }

    var exchange: Exchange { workspace.exchange }

    private var isExchanging: Bool { borrowed.map { $0.exchange.phase != .idle } ?? false }

    /// Keeps nothing that only a request needs, unless one is under way.
    func giveWorkspaceBack() {
        guard let borrowed, isIdle && carry.isEmpty || hasEnded, borrowed.exchange.phase == .idle else { return }
        if output.isEmpty { swap(&output.bytes, &borrowed.output) }
        self.borrowed = nil
        worker.give(borrowed)
    }

    // Writing

    /// Sends what waits.
    func flush() {
        guard channel != nil else { return }
        let wasFull = isOutputFull
        let isLast = mayCloseAtOnce && state == .draining
        if channel?.flush(&output, isLast: isLast, on: worker.loop) == false { return inputLost() }
        // Whoever made room: no event will tell of it again.
        if wasFull, !isOutputFull { borrowed?.exchange.downstreamDrained() }
        guard output.isEmpty, state == .draining else { return }
        if isLast { close() } else { finishSending() }
    }

    // Ending

    /// Everything is sent: says so, and throws away what the client still sends, so that no reset destroys the answer.
    private func finishSending() {
        guard !hasEnded else { return }
        hasEnded = true
        channel?.finishSending(on: worker.loop)
        pauseReading(false)
        carry = []
        deadline = worker.loop.now + worker.limits.lingerTimeout
        if let timer { worker.loop.cancel(timer) }
        timer = worker.loop.schedule(after: worker.limits.lingerTimeout, self)
    }

    func timerFired(_ timer: TimerID) {
        self.timer = nil
        if worker.loop.now >= min(deadline, tunnelEnd ?? deadline) { return expired() }
        worker.shrink()
        if !isExchanging {
            output.releaseMemory()
            if worker.isDraining, state == .head, !isWithinHead { return close() }
        }
        self.timer = worker.loop.schedule(after: worker.limits.sweepInterval, self)
    }

    private func expired() {
        if state == .draining || !isExchanging && !isWithinHead { return close() }
        if state == .head {
            response.isLast = true
            exchange.log.begin(at: worker.loop.now)
            state = .draining
            exchange.respond(.requestTimeout)
            return flush()
        }
        inputLost()
    }

    func inboundPolicyChanged() {
        if info.isAllowed(by: worker.tables) { return }
        if isIdle { return leaveIdle() }
        response.isLast = true
        guard state == .tunnel else { return }
        // What was upgraded has no end of a response to wait for.
        if info.direction == .gateway { tunnelEnd = worker.loop.now + worker.limits.drainTimeout } else { inputLost() }
    }

    /// Ends between two requests.
    ///
    /// A gateway's client may be sending the next one now: it is still answered, as the last one.
    private func leaveIdle() {
        if info.direction != .gateway { return close() }
        deadline = min(deadline, worker.loop.now + worker.limits.drainTimeout)
    }

    var isIdle: Bool { state == .head && !isWithinHead }

    func close() {
        guard state != .closed else { return }
        channel.take()?.close(on: worker.loop)
        end()
    }

    private func end() {
        state = .closed
        hasEnded = true
        if let timer { worker.loop.cancel(timer) }
        timer = nil
        worker.remove(self)
    }
}
