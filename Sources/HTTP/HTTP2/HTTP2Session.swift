internal import CNghttp2

/// One end of an HTTP/2 connection as a state machine: octets in, events out; calls in, octets out (RFC 9113).
///
/// Lives where its connection lives. Floods of pings, settings, resets and CONTINUATION frames end the connection by the
/// limits of nghttp2. The peer may send only as much data as was consumed, so that nobody must buffer more than the
/// windows of ``HTTP2Settings``.
@safe public final class HTTP2Session {
    public enum Role: Sendable { case client, server }

    public let role: Role
    let settings: HTTP2Settings
    // Safe: made by init, freed by deinit, used by nothing else.
    private let session: OpaquePointer
    var streams: [Int32: HTTP2StreamState] = [:]
    /// What the callbacks have noticed and nobody has been told yet.
    var events: [HTTP2Event] = []
    /// The address of the current input, by which the position of data in it is found.
    var inputAddress: UInt = 0

    public init(_ role: Role, settings: HTTP2Settings = HTTP2Settings()) {
        self.role = role
        self.settings = settings
        unsafe session = HTTP2Callbacks.makeSession(role)
        unsafe HTTP2Callbacks.attach(self, to: session)
        var entries = [
            Self.entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.concurrentStreams),
            Self.entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.streamWindow),
            Self.entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.headOctets),
        ]
        if role == .client { entries.append(Self.entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0)) }
        // Neither can fail but for want of memory; a session that never sent its settings will be told by the peer.
        _ = unsafe nghttp2_submit_settings(session, 0, entries, entries.count)
        _ = unsafe nghttp2_session_set_local_window_size(session, 0, 0, Int32(settings.connectionWindow))
    }

    deinit { unsafe nghttp2_session_del(session) }

    private static func entry(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
        nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(value))
    }

    /// Whether the connection has nothing more to receive or send, and should be closed.
    public var isFinished: Bool {
        unsafe nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
    }

    public var hasOutput: Bool { unsafe nghttp2_session_want_write(session) != 0 }
    public var openStreams: Int { streams.count }

    /// Takes the next octets of the connection.
    ///
    /// - Returns: What happened; the ranges of data are positions in `input`.
    /// - Throws: ``HTTP2Error`` when the peer broke the protocol beyond repair; send what output there is, then close.
    public func receive(_ input: Span<UInt8>) throws(HTTP2Error) -> [HTTP2Event] {
        let taken = unsafe input.withUnsafeBufferPointer { buffer -> Int in
            inputAddress = UInt(bitPattern: buffer.baseAddress)
            return unsafe nghttp2_session_mem_recv(session, buffer.baseAddress, buffer.count)
        }
        inputAddress = 0
        if taken < 0 { throw Self.error(CInt(taken)) }
        return takeEvents()
    }

    private func takeEvents() -> [HTTP2Event] {
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    /// Appends what is to be sent to `output` until that has about `limit` octets.
    ///
    /// - Returns: The streams that what was taken closes.
    public func takeOutput(into output: inout [UInt8], upTo limit: Int = 65_536) throws(HTTP2Error) -> [HTTP2Event] {
        while output.count < limit {
            var data: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &data)
            if count < 0 { throw Self.error(CInt(count)) }
            guard count > 0, let data = unsafe data else { break }
            // Safe: nghttp2 keeps the octets valid until its next call.
            unsafe output.append(contentsOf: UnsafeBufferPointer(start: data, count: count))
        }
        return takeEvents()
    }

    /// Octets given to ``send(_:on:isEnd:)`` that no frame has taken yet.
    public func pendingOctets(of stream: Int32) -> Int { streams[stream]?.pendingOctets ?? 0 }

    /// The owner has dealt with data of that stream: the peer may send as much again.
    public func consumed(_ count: Int, on stream: Int32) {
        guard let state = streams[stream] else { return }  // All of it was consumed when the stream closed.
        let count = min(count, state.unconsumedOctets)
        state.unconsumedOctets -= count
        _ = unsafe nghttp2_session_consume(session, stream, count)
    }

    /// Begins a request.
    ///
    /// - Parameter isEnd: Whether there will be no body.
    /// - Returns: The number of its stream.
    public func request(_ head: HTTP2Head, isEnd: Bool) throws(HTTP2Error) -> Int32 {
        try Self.check(head.fields)
        let state = HTTP2StreamState()
        state.hasEndedSending = isEnd
        let stream = unsafe head.lines.withNghttp2Fields { fields in
            unsafe withBody(unless: isEnd) { body in
                unsafe nghttp2_submit_request(session, nil, fields.baseAddress, fields.count, body, nil)
            }
        }
        if stream < 0 { throw Self.error(stream) }
        streams[stream] = state
        return stream
    }

    /// Sends the head of the response to the request that opened the stream.
    public func respond(_ head: HTTP2Head, on stream: Int32, isEnd: Bool) throws(HTTP2Error) {
        try Self.check(head.fields)
        guard let state = streams[stream] else { return }  // The peer gave up already.
        state.hasEndedSending = isEnd
        let result = unsafe head.lines.withNghttp2Fields { fields in
            unsafe withBody(unless: isEnd) { body in
                unsafe nghttp2_submit_response(session, stream, fields.baseAddress, fields.count, body)
            }
        }
        if result < 0 { throw Self.error(result) }
    }

    /// Queues data behind what is queued already; nothing happens on a stream that is closed.
    public func send(_ data: Span<UInt8>, on stream: Int32, isEnd: Bool) {
        guard let state = streams[stream] else { return }
        precondition(!state.hasEndedSending, "data after the end of a message")
        state.append(data)
        state.hasEndedSending = isEnd
        resume(state, stream)
    }

    /// Ends the message with trailers.
    public func sendTrailers(_ trailers: HTTPFields, on stream: Int32) throws(HTTP2Error) {
        try Self.check(trailers)
        guard let state = streams[stream] else { return }
        precondition(!state.hasEndedSending, "trailers after the end of a message")
        state.trailers = trailers
        state.hasEndedSending = true
        resume(state, stream)
    }

    private func resume(_ state: HTTP2StreamState, _ stream: Int32) {
        guard state.isDeferred else { return }
        state.isDeferred = false
        _ = unsafe nghttp2_session_resume_data(session, stream)
    }

    /// Called within ``takeOutput(into:upTo:)`` when the body before the trailers is out.
    func submitTrailers(_ trailers: HTTPFields, on stream: Int32) {
        unsafe trailers.lowercased.withNghttp2Fields { fields in
            _ = unsafe nghttp2_submit_trailer(session, stream, fields.baseAddress, fields.count)
        }
    }

    /// Ends a stream at once, in both directions.
    public func reset(_ stream: Int32, code: UInt32 = HTTP2Code.cancel) {
        guard streams[stream] != nil else { return }
        _ = unsafe nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, code)
    }

    /// The owner has lost interest in the stream.
    ///
    /// A response that is queued to its end still goes out whole; then the client is told to send no more of its
    /// request (RFC 9113 §8.1).
    public func abandon(_ stream: Int32) {
        guard let state = streams[stream] else { return }
        guard role == .server, state.hasEndedSending else { return reset(stream) }
        if state.hasSentEnd { return reset(stream, code: HTTP2Code.none) }
        state.isAbandoned = true
    }

    /// Asks the peer for a sign of life: ``HTTP2Event/pingAcknowledged``.
    public func ping() { _ = unsafe nghttp2_submit_ping(session, 0, nil) }

    /// Lets no new streams begin, and the connection end when those that have begun are over.
    public func shutDown() {
        let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
        _ = unsafe nghttp2_submit_goaway(session, 0, last, HTTP2Code.none, nil, 0)
    }

    /// Ends the connection and all its streams, once the output is sent.
    public func terminate(code: UInt32) { _ = unsafe nghttp2_session_terminate_session(session, code) }

    /// Called when nghttp2 has closed a stream: what nobody will consume any more must not narrow the connection.
    func streamClosed(_ stream: Int32, code: UInt32) {
        if let state = streams.removeValue(forKey: stream), state.unconsumedOctets > 0 {
            _ = unsafe nghttp2_session_consume_connection(session, state.unconsumedOctets)
        }
        events.append(.closed(stream: stream, code: code))
    }

    private func withBody<Result>(
        unless isEnd: Bool,
        _ submit: (UnsafePointer<nghttp2_data_provider>?) -> Result
    ) -> Result {
        if isEnd { return submit(nil) }
        var body = unsafe HTTP2Callbacks.body
        return unsafe submit(&body)
    }

    private static func check(_ fields: HTTPFields) throws(HTTP2Error) {
        if !fields.isValid { throw error(CInt(NGHTTP2_ERR_INVALID_ARGUMENT.rawValue)) }
    }

    private static func error(_ code: CInt) -> HTTP2Error {
        let text = unsafe String(cString: nghttp2_strerror(code))
        return HTTP2Error(code: code, description: "HTTP/2: \(text)")
    }
}
