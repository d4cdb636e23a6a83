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
        writer.removeAll()
        if options.upgrade == nil {
            writer.append(":method", head.method)
        } else {
            writer.append(":method", "CONNECT".utf8.span)
        }
        if options.scheme == .https {
            writer.append(":scheme", "https".utf8.span)
        } else {
            writer.append(":scheme", "http".utf8.span)
        }
        writer.append(":authority", head.authority)
        writer.append(":path", head.path)
        if let upgrade = options.upgrade { writer.append(":protocol", upgrade.utf8.span) }
        writer.appendFields(of: head, isRequest: true)
        let stream = unsafe withBody(options.hasBody) { body in
            unsafe writer.withFields { fields, count in
                unsafe nghttp2_submit_request(session, nil, fields, count, body, nil)
            }
        }
        return stream > 0 ? stream : nil
    }

    /// Sends the head of the response to the request that opened the stream.
    public func respond(_ head: borrowing HTTP1Head, on stream: Int32, hasBody: Bool) {
        gatherResponse(head)
        _ = unsafe withBody(hasBody) { body in
            unsafe writer.withFields { fields, count in
                unsafe nghttp2_submit_response(session, stream, fields, count, body)
            }
        }
    }

    /// Sends a head that precedes the response proper (1xx).
    public func respondInterim(_ head: borrowing HTTP1Head, on stream: Int32) {
        gatherResponse(head)
        _ = unsafe writer.withFields { fields, count in
            unsafe nghttp2_submit_headers(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, nil, fields, count, nil)
        }
    }

    private func gatherResponse(_ head: borrowing HTTP1Head) {
        var digits = InlineArray<3, UInt8>(repeating: UInt8(ascii: "0"))
        digits[0] += UInt8(head.status / 100 % 10)
        digits[1] += UInt8(head.status / 10 % 10)
        digits[2] += UInt8(head.status % 10)
        writer.removeAll()
        writer.append(":status", digits.span)
        writer.appendFields(of: head, isRequest: false)
    }

    /// Queues trailers behind the body; called while that ends.
    func submitTrailers(_ trailers: borrowing HTTP1Head, on stream: Int32) {
        writer.removeAll()
        writer.appendFields(of: trailers, isRequest: false)
        _ = unsafe writer.withFields { fields, count in
            unsafe nghttp2_submit_trailer(session, stream, fields, count)
        }
    }

    private func withBody(
        _ hasBody: Bool,
        _ submit: (UnsafePointer<nghttp2_data_provider>?) -> Int32
    ) -> Int32 {
        if !hasBody { return submit(nil) }
        var body = unsafe HTTP2EngineCallbacks.body
        return unsafe submit(&body)
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

    /// Says that no new streams will be served, and gives those that are on their way time to arrive.
    public func announceShutDown() { _ = unsafe nghttp2_submit_shutdown_notice(session) }

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
