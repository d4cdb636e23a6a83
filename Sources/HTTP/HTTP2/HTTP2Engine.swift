internal import CNghttp2
public import EventLoop

/// One end of an HTTP/2 connection for a proxy: octets in, calls of a handler out; calls in, octets out (RFC 9113).
///
/// It buffers no bodies and no heads: what comes is handed on at once, and what goes out is fetched when the peer's
/// windows have room for it. Lives on its event loop's thread, or where its ``HTTP2Session`` lives. Its heads are
/// ``HTTP1Head``s, without a heap block for each field.
@safe public final class HTTP2Engine {
    public let role: HTTP2Role
    let settings: HTTP2Settings
    // Safe: the handler owns the engine, and the engine calls it only within the handler's own calls.
    private unowned(unsafe) let handler: any HTTP2EngineHandler
    private let memory: HTTP2Memory?
    // Safe: made by init, freed by deinit, used by nothing else.
    let session: OpaquePointer
    var writer = HTTP2FieldWriter()

    /// The section that is being received; sections of different streams cannot be interleaved.
    private var head = HTTP1Head()
    private var reader: HTTP2FieldReader
    private var isRequestOrResponse = false
    private var hasData = false
    /// When a section began that is not complete.
    public private(set) var sectionBegan: MonotonicTime?
    private var guardian: HTTP2FloodGuard
    private var now: MonotonicTime
    /// Whether the peer's settings, which must come first, have come.
    public private(set) var hasPeerSettings = false
    /// What the peer did so often that the connection ends; nil when it did nothing of that kind.
    public private(set) var flood: String?
    /// What nghttp2 says of the failure that ended the connection; 0 while there was none.
    private(set) var failureCode: CInt = 0

    /// - Parameter memory: What the engines of this thread share; nil for one that lives elsewhere.
    public init(
        _ role: HTTP2Role,
        settings: HTTP2Settings = HTTP2Settings(),
        handler: any HTTP2EngineHandler,
        memory: HTTP2Memory? = nil,
        at now: MonotonicTime
    ) {
        self.role = role
        self.settings = settings
        unsafe self.handler = handler
        self.memory = memory
        self.now = now
        reader = HTTP2FieldReader(settings)
        guardian = HTTP2FloodGuard(at: now)
        unsafe session = HTTP2Callbacks.makeSession(role, memory)
        unsafe nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        var entries = [
            Self.entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.streamWindow),
            Self.entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.headOctets),
        ]
        if role == .client {
            entries.append(Self.entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
        } else {
            entries.append(Self.entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.concurrentStreams))
            if settings.allowsConnectProtocol {
                entries.append(Self.entry(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1))
            }
        }
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

    var hasOutput: Bool { unsafe nghttp2_session_want_write(session) != 0 }

    /// Takes the next octets of the connection.
    ///
    /// - Returns: False when the peer broke the protocol beyond repair: write what there is, then close.
    public func receive(_ input: Span<UInt8>, at now: MonotonicTime) -> Bool {
        self.now = now
        let taken = unsafe input.withUnsafeBufferPointer { buffer in
            unsafe nghttp2_session_mem_recv(session, buffer.baseAddress, buffer.count)
        }
        if taken >= 0 { return true }
        failureCode = flood == nil ? CInt(taken) : CInt(NGHTTP2_ERR_FLOODED.rawValue)
        if flood == nil {
            let isFlood = taken == Int(NGHTTP2_ERR_FLOODED.rawValue)
            terminate(code: isFlood ? HTTP2Code.enhanceYourCalm : HTTP2Code.protocolError)
        }
        return false
    }

    /// Appends what is to be written to `output` until that has about `limit` octets.
    ///
    /// - Returns: False when the connection cannot go on.
    public func takeOutput(into output: inout [UInt8], upTo limit: Int) -> Bool {
        while output.count < limit {
            var data: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &data)
            if count < 0 {
                failureCode = CInt(count)
                return false
            }
            guard count > 0, let data = unsafe data else { break }
            // Safe: nghttp2 keeps the octets valid until its next call.
            unsafe output.append(contentsOf: UnsafeBufferPointer(start: data, count: count))
        }
        return true
    }

    /// Ends the connection and all its streams, once the output is written.
    public func terminate(code: UInt32) { _ = unsafe nghttp2_session_terminate_session(session, code) }

    // From the callbacks

    /// Notes a frame of the peer; false when it was one too many, and the connection ends.
    func allows(_ frame: HTTP2FloodGuard.Frame, _ name: @autoclosure () -> String) -> Bool {
        if guardian.allows(frame, at: now) || role == .client { return true }
        if flood == nil {
            flood = name()
            terminate(code: HTTP2Code.enhanceYourCalm)
        }
        return false
    }

    func sectionBegins(isRequestOrResponse: Bool) {
        head.removeAll()
        reader = HTTP2FieldReader(settings)
        self.isRequestOrResponse = isRequestOrResponse
        if sectionBegan == nil { sectionBegan = now }
    }

    /// Takes a field; false when the section is out of all proportion.
    func receive(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        reader.receive(name, value, into: &head)
        return reader.excess < 16
    }

    func sectionEnds(on stream: Int32, isEnd: Bool) {
        sectionBegan = nil
        if role == .server, isRequestOrResponse {
            reader.finishRequest(&head, isEnd: isEnd)
            unsafe handler.received(&head, on: stream, isEnd: isEnd, fault: reader.fault)
        } else if role == .client, head.status > 0 || isRequestOrResponse {
            reader.finishResponse(&head, to: unsafe handler.method(of: stream), isEnd: isEnd)
            unsafe handler.received(&head, on: stream, isEnd: isEnd, fault: reader.fault)
        } else if reader.fault == nil {
            return unsafe handler.ended(stream, trailers: head)
        } else {
            return reset(stream, code: HTTP2Code.protocolError)
        }
        if isEnd { unsafe handler.ended(stream, trailers: nil) }
    }

    func received(_ data: Span<UInt8>, on stream: Int32) {
        hasData = true
        _ = guardian.allows(.data, at: now)
        unsafe handler.received(data, on: stream)
    }

    /// A DATA frame is complete; false when there have been too many without data.
    func dataEnds(on stream: Int32, isEnd: Bool) -> Bool {
        let hadData = hasData
        hasData = false
        if isEnd { unsafe handler.ended(stream, trailers: nil) }
        return hadData || isEnd || allows(.control, "DATA frames without data")
    }

    func sentData() { _ = guardian.allows(.data, at: now) }
    func sentEnd(of stream: Int32) { unsafe handler.sentEnd(of: stream) }

    func closed(_ stream: Int32, code: UInt32) {
        if code == HTTP2Code.none { _ = guardian.allows(.completed, at: now) }
        unsafe handler.closed(stream, code: code)
    }

    func wentAway(lastStream: Int32, code: UInt32) { unsafe handler.wentAway(lastStream: lastStream, code: code) }

    func receivedSettings() {
        hasPeerSettings = true
        unsafe handler.settingsChanged()
    }

    func pingAcknowledged() { unsafe handler.pingAcknowledged() }

    func takeBody(of stream: Int32, into buffer: inout MutableSpan<UInt8>) -> HTTP2BodyPart {
        unsafe handler.takeBody(of: stream, into: &buffer)
    }
}
