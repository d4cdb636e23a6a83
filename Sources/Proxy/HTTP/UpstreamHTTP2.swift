internal import Base
internal import EventLoop
internal import HTTP

/// An HTTP/2 connection to an endpoint, which any number of exchanges share, each with a stream of its own.
final class UpstreamHTTP2: ChannelHolder, HTTP2EngineHandler, UpstreamConnection, TurnHandler {
    private enum State { case connecting, open, closed }

    let endpoint: EndpointPool
    private(set) lazy var engine = HTTP2Engine(
        .client,
        settings: Self.settings,
        handler: self,
        memory: worker.http2Memory,
        at: worker.loop.now
    )
    private var state = State.connecting
    /// Streams that have begun.
    private var streams: [Int32: UpstreamHTTP2Stream] = [:]
    /// Streams that wait for the connection, or for the endpoint's settings.
    private var waiting: [UpstreamHTTP2Stream] = []
    private var touched: [UpstreamHTTP2Stream] = []
    private var output = OutputBuffer()
    private var isFlushScheduled = false
    private var isGoingAway = false
    var isCounted = false
    /// Requests begun on this connection.
    private(set) var served = 0
    var timer: TimerID?
    var deadline: MonotonicTime
    let birth: MonotonicTime

    /// Streams at a time, however many more the endpoint allows.
    private static let mostStreams = 1024
    private static let writeOctets = 64 * 1024

    private static let settings: HTTP2Settings = {
        var settings = HTTP2Settings()
        // Room for all streams: a client that is slow to read must only hold up its own.
        settings.connectionWindow = 16 * 1024 * 1024
        return settings
    }()

    init(_ worker: Worker, _ endpoint: EndpointPool) {
        self.endpoint = endpoint
        birth = worker.loop.now
        deadline = birth + endpoint.limits.connectTimeout
        super.init(worker, nil)
    }

    var isOpen: Bool { state == .open }
    var hasPeerSettings: Bool { state == .open && engine.hasPeerSettings }

    /// Whether one more stream can begin, now or once it is connected.
    var canServe: Bool {
        guard state != .closed, !isGoingAway, !worker.isDraining,
            !endpoint.limits.hasOutlived(birth, at: worker.loop.now)
        else { return false }
        let limit = endpoint.limits.requestsPerConnection
        if limit > 0, served + waiting.count >= limit { return false }
        let most = state == .open ? min(Self.mostStreams, engine.peerConcurrentStreams) : 100
        let own = endpoint.limits.streams
        return streams.count + waiting.count < (own > 0 ? min(most, own) : most)
    }

    /// A stream for one more exchange.
    func makeStream() -> UpstreamHTTP2Stream { UpstreamHTTP2Stream(self) }

    // Opening

    func open() { beginOpening(.http2) }

    func opened() {
        state = .open
        scheduleFlush()
        wakeWaiting()
    }

    private func wakeWaiting() {
        for stream in waiting where stream.isReady { stream.exchange?.upstreamReady() }
    }

    // From the streams

    func wait(_ stream: UpstreamHTTP2Stream) { waiting.append(stream) }

    /// Begins the stream with its exchange's head; false when the connection takes no more.
    func begin(_ stream: UpstreamHTTP2Stream, _ head: borrowing HTTP1Head, _ options: HTTP2RequestOptions) -> Bool {
        waiting.removeAll { $0 === stream }
        guard state == .open, let id = engine.request(head, options) else { return false }
        stream.id = id
        streams[id] = stream
        served += 1
        scheduleFlush()
        return true
    }

    /// The stream's exchange is over.
    func ended(_ stream: UpstreamHTTP2Stream, isComplete: Bool) {
        waiting.removeAll { $0 === stream }
        if stream.id != 0, streams.removeValue(forKey: stream.id) != nil, !isComplete, state == .open {
            engine.reset(stream.id, code: HTTP2Code.cancel)
            scheduleFlush()
        }
        deadline = endpoint.limits.deadline(worker.loop.now, birth: birth, default: worker.limits.idleTimeout)
        if canServe { endpoint.streamEnded(self) } else if streams.isEmpty, waiting.isEmpty { retireWhenIdle() }
    }

    /// No more streams begin; the connection ends with the last one.
    func retire() {
        isGoingAway = true
        retireWhenIdle()
    }

    private func retireWhenIdle() {
        guard state != .closed, streams.isEmpty, waiting.isEmpty else { return }
        isGoingAway = true
        guard state == .open else { return close() }
        engine.terminate(code: HTTP2Code.none)
        scheduleFlush()
    }

    // Events

    func becameReady(_ readiness: Readiness) {
        if state == .connecting { return proceedOpening() }
        if readiness.contains(.writable) { write() }
        if readiness.contains(.readable) || readiness.contains(.failed) { readInput() }
    }

    func inputEnded() { failed(.connectionTermination, cause: "") }

    func take(_ input: Span<UInt8>) {
        let isSound = engine.receive(input, at: worker.loop.now)
        var touched: [UpstreamHTTP2Stream] = []
        swap(&touched, &self.touched)
        for stream in touched { stream.inputGathered() }
        touched.removeAll(keepingCapacity: true)
        swap(&touched, &self.touched)
        if isSound { return scheduleFlush() }
        write()
        failed(.protocolError, cause: "the server does not speak HTTP/2")
    }

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
        while channel != nil, state == .open {
            if output.isEmpty {
                guard engine.takeOutput(into: &output.bytes, upTo: Self.writeOctets) else {
                    return failed(.protocolError, cause: "HTTP/2 output failed")
                }
            }
            if output.isEmpty { break }
            guard channel?.flush(&output, on: worker.loop) == true else {
                return failed(.connectionTermination, cause: channel?.failure ?? "")
            }
            if !output.isEmpty { return }
        }
        if state == .open, engine.isFinished { failed(.connectionTermination, cause: "") }
    }

    // From the engine

    func received(_ head: inout HTTP1Head, on stream: Int32, isEnd: Bool, fault: HTTP2Fault?) {
        guard let handler = streams[stream] else { return }
        if let fault { return handler.failed(.protocolError, cause: "\(fault.reason)") }
        handler.responded(&head)
        touch(handler)
    }

    func method(of stream: Int32) -> HTTPMethod { streams[stream]?.exchange?.head.methodID ?? .get }

    func received(_ data: Span<UInt8>, on stream: Int32) {
        engine.consumeConnection(data.count)
        guard let handler = streams[stream] else { return }
        handler.received(data)
        touch(handler)
    }

    private func touch(_ stream: UpstreamHTTP2Stream) { if touched.last !== stream { touched.append(stream) } }

    func ended(_ stream: Int32, trailers: HTTP1Head?) { streams[stream]?.inputEnded(trailers: trailers) }

    func closed(_ stream: Int32, code: UInt32) { streams[stream]?.closed(code: code) }

    func wentAway(lastStream: Int32, code: UInt32) {
        isGoingAway = true
        endpoint.forget(self)
    }

    func settingsChanged() { wakeWaiting() }

    func takeBody(of stream: Int32, into buffer: inout MutableSpan<UInt8>) -> HTTP2BodyPart {
        streams[stream]?.exchange?.takeRequest(into: &buffer) ?? .failed
    }

    // Ending

    /// The connection is lost, or was never made.
    func failed(_ reason: LocalReply.ResetReason, cause: String) {
        guard state != .closed else { return }
        let hadServed = served > streams.count
        let (begun, notBegun) = (Array(streams.values), waiting)
        (streams, waiting) = ([:], [])
        close()
        for stream in notBegun { stream.lost(reason, cause: cause, .notSent) }
        for stream in begun { stream.lost(reason, cause: cause, hadServed ? .sentOnReusedConnection : .sent) }
    }

    func timerFired(_ timer: TimerID) {
        self.timer = nil
        if state == .connecting { return openingTimedOut() }
        if streams.isEmpty, waiting.isEmpty {
            output.releaseMemory()
            if worker.isDraining || worker.loop.now >= deadline { retireWhenIdle() }
        }
        self.timer = worker.loop.schedule(after: worker.limits.sweepInterval, self)
    }

    private func close() {
        guard state != .closed else { return }
        state = .closed
        endpoint.forget(self)
        release()
    }
}
