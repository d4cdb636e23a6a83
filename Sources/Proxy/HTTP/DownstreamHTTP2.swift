internal import Base
internal import EventLoop
internal import HTTP

/// A client's HTTP/2 connection: serves each of its streams with an exchange of its own.
///
/// What the streams have to say in one turn of the loop is written together at its end.
final class DownstreamHTTP2: ChannelHolder, HTTP2EngineHandler, ChannelReader, ReadinessHandler, TimerHandler,
    TurnHandler,
    WorkerConnection
{
    private enum State {
        case open
        /// The last words are said or on their way; what still comes is thrown away.
        case ending
        case closed
    }

    let info: ConnectionInfo
    let router: RequestRouter
    private(set) lazy var engine = HTTP2Engine(
        .server,
        settings: Self.settings,
        handler: self,
        memory: worker.http2Memory,
        at: worker.loop.now
    )
    private var state = State.open
    private var streams: [Int32: DownstreamHTTP2Stream] = [:]
    /// Streams that are over, with the memory of their exchanges, for those to come.
    private var spare: [DownstreamHTTP2Stream] = []
    /// Streams that something has come for, and whose endpoints have not been told yet.
    private var touched: [DownstreamHTTP2Stream] = []
    private var output = OutputBuffer()
    private var isFlushScheduled = false
    private var isShuttingDown = false
    private let began: MonotonicTime
    private var deadline: MonotonicTime
    private var lastProgress: MonotonicTime
    private var timer: TimerID?

    /// Most streams that are kept for later: as many as there can be, so that a burst of them finds its memory again.
    private static let mostSpare = HTTP2Settings().concurrentStreams
    /// Octets that are made ready for the socket at a time.
    private static let writeOctets = 64 * 1024

    private static let settings: HTTP2Settings = {
        var settings = HTTP2Settings()
        settings.connectionWindow = 4 * 1024 * 1024
        settings.allowsConnectProtocol = true
        return settings
    }()

    init(_ worker: Worker, _ channel: consuming Channel, _ info: ConnectionInfo, _ router: RequestRouter) {
        self.info = info
        self.router = router
        began = worker.loop.now
        lastProgress = began
        deadline = began + worker.limits.idleTimeout
        super.init(worker, channel)
    }

    /// Starts reading.
    ///
    /// - Parameter early: Octets that were read already, the preface among them.
    func start(early: [UInt8] = []) {
        guard channel?.register(on: worker.loop, self) == true else { return close() }
        timer = worker.loop.schedule(after: worker.limits.sweepInterval, self)
        worker.add(self)
        scheduleFlush()
        if !early.isEmpty { take(early.span) }
        // The first request may have come with the end of the handshake.
        if channel?.hasBufferedInput == true { readInput() }
    }

    // Events

    func becameReady(_ readiness: Readiness) {
        if readiness.contains(.writable) { write() }
        if readiness.contains(.readable) || readiness.contains(.failed) { readInput() }
    }

    func inputEnded() { close() }
    func inputLost() { close() }

    func take(_ input: Span<UInt8>) {
        guard state == .open else { return }
        deadline = worker.loop.now + worker.limits.idleTimeout
        let isSound = engine.receive(input, at: worker.loop.now)
        var touched: [DownstreamHTTP2Stream] = []
        swap(&touched, &self.touched)
        for stream in touched { stream.inputGathered() }
        touched.removeAll(keepingCapacity: true)
        swap(&touched, &self.touched)
        if isSound { return scheduleFlush() }
        broken()
    }

    /// The client broke the protocol, or was about to wear us out: it is told so, and the connection ends.
    private func broken() {
        let what = engine.flood.map { "too many \($0)" } ?? "not HTTP/2"
        worker.telemetry.log.info("closed: \(info.direction) HTTP/2 \(info.peer) -> \(info.target): \(what)")
        for stream in streams.values { stream.connectionEnds() }
        end()
    }

    /// Writes the last words, and waits for the client to take them.
    private func end() {
        guard state == .open else { return }
        state = .ending
        deadline = worker.loop.now + worker.limits.lingerTimeout
        if let timer { worker.loop.cancel(timer) }
        timer = worker.loop.schedule(after: worker.limits.lingerTimeout, self)
        write()
    }

    // Writing

    /// Has what is to be sent written at the end of this turn.
    func scheduleFlush() {
        if isFlushScheduled { return }
        isFlushScheduled = true
        worker.loop.atTurnEnd(self)
    }

    func turnEnded() {
        isFlushScheduled = false
        write()
    }

    private func write() {
        while channel != nil {
            if output.isEmpty {
                guard engine.takeOutput(into: &output.bytes, upTo: Self.writeOctets) else { return close() }
            }
            if output.isEmpty { break }
            let before = output.waiting
            guard channel?.flush(&output, on: worker.loop) == true else { return close() }
            if output.waiting < before { lastProgress = worker.loop.now }
            if !output.isEmpty { return }
        }
        if state == .ending { channel?.finishSending(on: worker.loop) }
        if state == .open, engine.isFinished { end() }
    }

    // From the engine

    func received(_ head: inout HTTP1Head, on stream: Int32, isEnd: Bool, fault: HTTP2Fault?) {
        guard state == .open else { return }
        let handler = spare.popLast() ?? DownstreamHTTP2Stream(self)
        streams[stream] = handler
        touch(handler)
        handler.begin(stream, &head, isEnd: isEnd, fault: fault)
    }

    func received(_ data: Span<UInt8>, on stream: Int32) {
        guard let handler = streams[stream] else { return engine.consumeConnection(data.count) }
        handler.received(data)
        touch(handler)
    }

    func ended(_ stream: Int32, trailers: HTTP1Head?) {
        guard let handler = streams[stream] else { return }
        handler.inputEnded(trailers: trailers)
        touch(handler)
    }

    private func touch(_ stream: DownstreamHTTP2Stream) { if touched.last !== stream { touched.append(stream) } }

    func sentEnd(of stream: Int32) { streams[stream]?.sentEnd() }

    func closed(_ stream: Int32, code: UInt32) {
        guard let handler = streams.removeValue(forKey: stream) else { return }
        handler.closed()
        if spare.count < Self.mostSpare { spare.append(handler) }
    }

    func takeBody(of stream: Int32, into buffer: inout MutableSpan<UInt8>) -> HTTP2BodyPart {
        streams[stream]?.takeBody(into: &buffer) ?? .failed
    }

    // Ending

    func timerFired(_ timer: TimerID) {
        self.timer = nil
        let now = worker.loop.now
        if state == .ending || streams.isEmpty && now >= deadline { return close() }
        if isOverdue(at: now) {
            engine.terminate(code: HTTP2Code.enhanceYourCalm)
            return broken()
        }
        for stream in streams.values { stream.sweep(at: now) }
        if streams.isEmpty {
            for stream in spare { stream.exchange.releaseMemory() }
            spare.removeAll()
            output.releaseMemory()
        }
        if isShuttingDown { engine.shutDown() }
        scheduleFlush()
        self.timer = worker.loop.schedule(after: worker.limits.sweepInterval, self)
    }

    /// Whether the client lets us wait for something that it began, or does not take what it asked for.
    private func isOverdue(at now: MonotonicTime) -> Bool {
        let limits = worker.limits
        if !engine.hasPeerSettings { return now >= began + limits.headTimeout }
        if let section = engine.sectionBegan, now >= section + limits.headTimeout { return true }
        return !output.isEmpty && now >= lastProgress + limits.stallTimeout
    }

    /// Lets the client begin no more streams; those it has begun are served.
    ///
    /// A gateway's client, and whoever is connected to a proxy that ends, hears of it before it is so, and loses none.
    private func shutDown() {
        if isShuttingDown { return }
        isShuttingDown = true
        if worker.isDraining || info.direction == .gateway {
            engine.announceShutdown()
            if let timer { worker.loop.cancel(timer) }
            timer = worker.loop.schedule(after: Self.notice, self)
        } else {
            engine.shutDown()
        }
        scheduleFlush()
    }

    /// More than a round trip.
    private static let notice: Duration = .seconds(1)

    func inboundPolicyChanged() {
        if info.isAllowed(by: worker.tables) { return }
        shutDown()
    }

    var isIdle: Bool { streams.isEmpty }

    func workerDrains() { shutDown() }

    func close() {
        guard state != .closed else { return }
        state = .closed
        if let timer { worker.loop.cancel(timer) }
        timer = nil
        channel.take()?.close(on: worker.loop)
        for stream in streams.values { stream.connectionEnds() }
        streams = [:]
        worker.remove(self)
    }
}
