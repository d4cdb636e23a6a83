internal import CNghttp2

/// What a request says besides its head.
public struct HTTP2RequestOptions {
    /// What `:scheme` is to be.
    public var scheme: HTTP1Head.Scheme
    /// The protocol of an extended CONNECT (RFC 8441); nil for other requests.
    public var upgrade: String?
    /// Whether a body, or the bytes of a tunnel, may follow.
    public var hasBody: Bool

    public init(scheme: HTTP1Head.Scheme, upgrade: String?, hasBody: Bool) {
        (self.scheme, self.upgrade, self.hasBody) = (scheme, upgrade, hasBody)
    }
}

extension HTTP2Engine {
    /// Begins a request.
    ///
    /// - Returns: The number of its stream; nil when the connection takes no more.
    public func request(_ head: borrowing HTTP1Head, _ options: HTTP2RequestOptions) -> Int32? {
        let stream = submitRequest(hasBody: options.hasBody) { writer in
            if options.upgrade == nil {
                writer.append(":method", head.method)
            } else {
                writer.append(":method", "CONNECT".utf8.span)
            }
            writer.append(":scheme", options.scheme == .https ? "https" : "http")
            writer.append(":authority", head.authority)
            writer.append(":path", head.path)
            if let upgrade = options.upgrade { writer.append(":protocol", upgrade.utf8.span) }
            writer.appendFields(of: head, isRequest: true)
        }
        return stream > 0 ? stream : nil
    }

    /// Begins a request with the fields that `gather` writes.
    ///
    /// - Returns: The number of its stream, or nghttp2's code of what is wrong, below 0.
    func submitRequest(hasBody: Bool, _ gather: (inout HTTP2FieldWriter) -> Void) -> Int32 {
        unsafe submit(hasBody, gather) { unsafe nghttp2_submit_request(session, nil, $0, $1, $2, nil) }
    }

    /// Sends the head of the response to the request that opened the stream.
    public func respond(_ head: borrowing HTTP1Head, on stream: Int32, hasBody: Bool) {
        _ = submitResponse(on: stream, hasBody: hasBody) { Self.gather(head, &$0) }
    }

    /// Sends the head of a response with the fields that `gather` writes.
    ///
    /// - Returns: nghttp2's code of what is wrong, below 0, or 0.
    func submitResponse(on stream: Int32, hasBody: Bool, _ gather: (inout HTTP2FieldWriter) -> Void) -> Int32 {
        unsafe submit(hasBody, gather) { unsafe nghttp2_submit_response(session, stream, $0, $1, $2) }
    }

    /// Sends a head that precedes the response proper (1xx).
    public func respondInterim(_ head: borrowing HTTP1Head, on stream: Int32) {
        _ = unsafe submit(false, { Self.gather(head, &$0) }) { fields, count, _ in
            unsafe nghttp2_submit_headers(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, nil, fields, count, nil)
        }
    }

    private static func gather(_ head: borrowing HTTP1Head, _ writer: inout HTTP2FieldWriter) {
        var digits = InlineArray<3, UInt8>(repeating: UInt8(ascii: "0"))
        digits[0] += UInt8(head.status / 100 % 10)
        digits[1] += UInt8(head.status / 10 % 10)
        digits[2] += UInt8(head.status % 10)
        writer.append(":status", digits.span)
        writer.appendFields(of: head, isRequest: false)
    }

    /// Queues trailers behind the body; called while that ends.
    func submitTrailers(_ trailers: borrowing HTTP1Head, on stream: Int32) {
        _ = unsafe submit(false, { $0.appendFields(of: trailers, isRequest: false) }) { fields, count, _ in
            unsafe nghttp2_submit_trailer(session, stream, fields, count)
        }
    }

    private func submit(
        _ hasBody: Bool,
        _ gather: (inout HTTP2FieldWriter) -> Void,
        _ body: (UnsafePointer<nghttp2_nv>?, Int, UnsafePointer<nghttp2_data_provider>?) -> Int32
    ) -> Int32 {
        writer.removeAll()
        gather(&writer)
        return unsafe writer.withFields { fields, count in
            if !hasBody { return unsafe body(fields, count, nil) }
            var source = unsafe HTTP2Callbacks.body
            return unsafe body(fields, count, &source)
        }
    }

    /// The body of `stream` has more to give, or its end.
    public func resume(_ stream: Int32) { _ = unsafe nghttp2_session_resume_data(session, stream) }

    /// Ends a stream at once, in both directions.
    public func reset(_ stream: Int32, code: UInt32) {
        _ = unsafe nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, code)
    }

    /// The peer may send so many octets more on `stream`.
    public func consume(_ count: Int, on stream: Int32) {
        if count > 0 { _ = unsafe nghttp2_session_consume_stream(session, stream, count) }
    }

    /// The peer may send so many octets more on the connection.
    public func consumeConnection(_ count: Int) {
        if count > 0 { _ = unsafe nghttp2_session_consume_connection(session, count) }
    }

    /// Asks the peer for a sign of life: ``HTTP2EngineHandler/pingAcknowledged()``.
    func ping() { _ = unsafe nghttp2_submit_ping(session, 0, nil) }

    /// Asks the peer to begin no new streams; those that it begins until it has heard of it are taken (RFC 9113 §6.8).
    public func announceShutdown() { _ = unsafe nghttp2_submit_shutdown_notice(session) }

    /// Lets no new streams begin, and the connection end when those that have begun are over.
    public func shutDown() {
        let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
        _ = unsafe nghttp2_submit_goaway(session, 0, last, HTTP2Code.none, nil, 0)
    }

    /// Streams that the peer lets us have open at a time.
    public var peerConcurrentStreams: Int {
        Int(unsafe nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }

    /// Whether the peer understands extended CONNECT (RFC 8441).
    public var peerAllowsConnectProtocol: Bool {
        unsafe nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1
    }
}
