internal import EventLoop

/// One end of an HTTP/2 connection for tasks: octets in, events out; calls in, octets out (RFC 9113).
///
/// An ``HTTP2Engine`` with what tasks need beside it: heads of strings, and a queue for what each stream sends. Lives where
/// its connection lives. The peer may send only as much data as was consumed, so that nobody must buffer more than the
/// windows of ``HTTP2Settings``.
final class HTTP2Session {
    let role: HTTP2Role
    private let settings: HTTP2Settings
    private lazy var engine = HTTP2Engine(role, settings: settings, handler: self, at: .now)
    private var streams: [Int32: HTTP2StreamState] = [:]
    /// What the engine has noticed and nobody has been told yet.
    private var events: [HTTP2Event] = []

    init(_ role: HTTP2Role, settings: HTTP2Settings = HTTP2Settings()) {
        self.role = role
        self.settings = settings
    }

    /// Whether the connection has nothing more to receive or send, and should be closed.
    var isFinished: Bool { engine.isFinished }
    var hasOutput: Bool { engine.hasOutput }
    var openStreams: Int { streams.count }

    /// Takes the next octets of the connection.
    ///
    /// - Returns: What happened.
    /// - Throws: ``HTTP2Error`` when the peer broke the protocol beyond repair; send what output there is, then close.
    func receive(_ input: Span<UInt8>) throws(HTTP2Error) -> [HTTP2Event] {
        // A peer that goes on after a flood does not wait for our last words.
        if engine.flood != nil { throw HTTP2Error(code: engine.failureCode) }
        if engine.receive(input, at: .now) || engine.flood != nil { return takeEvents() }
        throw HTTP2Error(code: engine.failureCode)
    }

    private func takeEvents() -> [HTTP2Event] {
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    /// Appends what is to be sent to `output` until that has about `limit` octets.
    ///
    /// - Returns: The streams that what was taken closes.
    func takeOutput(into output: inout [UInt8], upTo limit: Int = 65_536) throws(HTTP2Error) -> [HTTP2Event] {
        if !engine.takeOutput(into: &output, upTo: limit) { throw HTTP2Error(code: engine.failureCode) }
        return takeEvents()
    }

    /// Octets given to ``send(_:on:isEnd:)`` that no frame has taken yet.
    func pendingOctets(of stream: Int32) -> Int { streams[stream]?.pendingOctets ?? 0 }

    /// The owner has dealt with data of that stream: the peer may send as much again.
    func consumed(_ count: Int, on stream: Int32) {
        guard let state = streams[stream] else { return }  // All of it was consumed when the stream closed.
        let count = min(count, state.unconsumedOctets)
        state.unconsumedOctets -= count
        engine.consume(count, on: stream)
        engine.consumeConnection(count)
    }

    /// Begins a request.
    ///
    /// - Parameter isEnd: Whether there will be no body.
    /// - Returns: The number of its stream.
    func request(_ head: HTTP2Head, isEnd: Bool) throws(HTTP2Error) -> Int32 {
        try Self.check(head.fields)
        let stream = engine.submitRequest(hasBody: !isEnd) { $0.append(head) }
        if stream < 0 { throw HTTP2Error(code: stream) }
        streams[stream] = HTTP2StreamState(hasEndedSending: isEnd)
        return stream
    }

    /// Sends the head of the response to the request that opened the stream.
    func respond(_ head: HTTP2Head, on stream: Int32, isEnd: Bool) throws(HTTP2Error) {
        try Self.check(head.fields)
        guard let state = streams[stream] else { return }  // The peer gave up already.
        state.hasEndedSending = isEnd
        let result = engine.submitResponse(on: stream, hasBody: !isEnd) { $0.append(head) }
        if result < 0 { throw HTTP2Error(code: result) }
    }

    /// Queues data behind what is queued already; nothing happens on a stream that is closed.
    func send(_ data: Span<UInt8>, on stream: Int32, isEnd: Bool) {
        guard let state = streams[stream] else { return }
        precondition(!state.hasEndedSending, "data after the end of a message")
        state.append(data)
        state.hasEndedSending = isEnd
        engine.resume(stream)
    }

    /// Ends the message with trailers.
    func sendTrailers(_ trailers: HTTPFields, on stream: Int32) throws(HTTP2Error) {
        try Self.check(trailers)
        guard let state = streams[stream] else { return }
        precondition(!state.hasEndedSending, "trailers after the end of a message")
        state.trailers = HTTP1Head(trailers: trailers)
        state.hasEndedSending = true
        engine.resume(stream)
    }

    /// Ends a stream at once, in both directions.
    func reset(_ stream: Int32, code: UInt32 = HTTP2Code.cancel) {
        if streams[stream] != nil { engine.reset(stream, code: code) }
    }

    /// The owner has lost interest in the stream.
    ///
    /// A response that is queued to its end still goes out whole; then the client is told to send no more of its
    /// request (RFC 9113 §8.1).
    func abandon(_ stream: Int32) {
        guard let state = streams[stream] else { return }
        guard role == .server, state.hasEndedSending else { return reset(stream) }
        if state.hasSentEnd { return reset(stream, code: HTTP2Code.none) }
        state.isAbandoned = true
    }

    /// Asks the peer for a sign of life: ``HTTP2Event/pingAcknowledged``.
    func ping() { engine.ping() }

    /// Lets no new streams begin, and the connection end when those that have begun are over.
    func shutDown() { engine.shutDown() }

    private static func check(_ fields: HTTPFields) throws(HTTP2Error) {
        if !fields.isValid { throw .invalidFields }
    }
}

extension HTTP2Session: HTTP2EngineHandler {
    func received(_ head: inout HTTP1Head, on stream: Int32, isEnd: Bool, fault: HTTP2Fault?) {
        if let fault { return engine.reset(stream, code: fault.resetCode) }
        if role == .server {
            streams[stream] = HTTP2StreamState(hasEndedSending: false)
        } else if head.status < 200 || streams[stream] == nil {
            return  // An interim response, of which nobody wants to know; the final one is still to come.
        }
        events.append(.head(stream: stream, HTTP2Head(head)))
    }

    func received(_ data: Span<UInt8>, on stream: Int32) {
        guard let state = streams[stream] else { return engine.consumeConnection(data.count) }
        state.unconsumedOctets += data.count
        var copy: [UInt8] = []
        copy.append(data)
        events.append(.data(stream: stream, copy))
    }

    func ended(_ stream: Int32, trailers: HTTP1Head?) {
        guard streams[stream] != nil else { return }
        if let trailers { events.append(.trailers(stream: stream, HTTPFields(trailers))) }
        events.append(.ended(stream: stream))
    }

    func sentEnd(of stream: Int32) {
        guard let state = streams[stream] else { return }
        state.hasSentEnd = true
        if state.isAbandoned { reset(stream, code: HTTP2Code.none) }
    }

    /// What nobody will consume any more must not narrow the connection.
    func closed(_ stream: Int32, code: UInt32) {
        if let state = streams.removeValue(forKey: stream) { engine.consumeConnection(state.unconsumedOctets) }
        events.append(.closed(stream: stream, code: code))
    }

    func wentAway(lastStream: Int32, code: UInt32) { events.append(.goAway(lastStream: lastStream, code: code)) }
    func pingAcknowledged() { events.append(.pingAcknowledged) }

    func takeBody(of stream: Int32, into buffer: inout MutableSpan<UInt8>) -> HTTP2BodyPart {
        streams[stream]?.take(into: &buffer) ?? .failed
    }
}
