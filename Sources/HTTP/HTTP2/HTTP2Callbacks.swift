internal import CNghttp2

/// The functions that nghttp2 calls for an ``HTTP2Engine``; each finds its engine and tells it.
enum HTTP2Callbacks {
    /// Where the body of every message comes from.
    static var body: nghttp2_data_provider {
        unsafe nghttp2_data_provider(source: nghttp2_data_source(), read_callback: readBody)
    }

    static func makeSession(_ role: HTTP2Role, _ memory: HTTP2Memory?) -> OpaquePointer {
        var (callbacks, option, session): (OpaquePointer?, OpaquePointer?, OpaquePointer?) = (nil, nil, nil)
        unsafe nghttp2_session_callbacks_new(&callbacks)
        unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, beganFrame)
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, beganHeaders)
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks, receivedField)
        unsafe nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, receivedInvalidField)
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, receivedFrame)
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, sentFrame)
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, receivedData)
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, closedStream)
        unsafe nghttp2_option_new(&option)
        unsafe nghttp2_option_set_no_auto_window_update(option, 1)
        unsafe nghttp2_option_set_no_closed_streams(option, 1)  // They only serve priorities that nobody uses.
        // HTTP2FloodGuard counts resets, with the right error code.
        unsafe nghttp2_option_set_stream_reset_rate_limit(option, UInt64(UInt32.max), UInt64(UInt32.max))
        let make = unsafe role == .server ? nghttp2_session_server_new3 : nghttp2_session_client_new3
        let result: CInt
        if let memory {
            var functions = unsafe memory.functions
            result = unsafe make(&session, callbacks, nil, option, &functions)
        } else {
            result = unsafe make(&session, callbacks, nil, option, nil)
        }
        unsafe nghttp2_option_del(option)
        unsafe nghttp2_session_callbacks_del(callbacks)
        guard result == 0, let made = unsafe session else { preconditionFailure("nghttp2 has no memory for a session") }
        return unsafe made
    }

    static func owner(_ userData: UnsafeMutableRawPointer?) -> HTTP2Engine {
        guard let userData = unsafe userData else { preconditionFailure("an nghttp2 session without an owner") }
        // Safe: the engine's initializer set it, and the engine is alive while it calls nghttp2.
        return unsafe Unmanaged<HTTP2Engine>.fromOpaque(userData).takeUnretainedValue()
    }
}

private let goOn: CInt = 0
private let giveUp = CInt(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
private let resetStream = CInt(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)

private func beganFrame(
    _: OpaquePointer?,
    _ header: UnsafePointer<nghttp2_frame_hd>?,
    _ userData: UnsafeMutableRawPointer?
) -> CInt {
    guard let header = unsafe header else { return goOn }
    let owner = unsafe HTTP2Callbacks.owner(userData)
    switch UInt32(unsafe header.pointee.type) {
    case NGHTTP2_DATA.rawValue, NGHTTP2_HEADERS.rawValue, NGHTTP2_GOAWAY.rawValue: return goOn
    case NGHTTP2_RST_STREAM.rawValue: return owner.allows(.reset, "RST_STREAM frames") ? goOn : giveUp
    case let type: return owner.allows(.control, "frames of type \(type)") ? goOn : giveUp
    }
}

private func beganHeaders(
    _: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>?,
    _ userData: UnsafeMutableRawPointer?
) -> CInt {
    guard let frame = unsafe frame else { return goOn }
    let category = unsafe CNghttp2_headersCategory(frame)
    let isFirst = category != CInt(NGHTTP2_HCAT_HEADERS.rawValue)
    unsafe HTTP2Callbacks.owner(userData).sectionBegins(isRequestOrResponse: isFirst)
    return goOn
}

private func receivedField(
    _: OpaquePointer?,
    _: UnsafePointer<nghttp2_frame>?,
    _ name: UnsafePointer<UInt8>?,
    _ nameCount: Int,
    _ value: UnsafePointer<UInt8>?,
    _ valueCount: Int,
    _: UInt8,
    _ userData: UnsafeMutableRawPointer?
) -> CInt {
    let owner = unsafe HTTP2Callbacks.owner(userData)
    // Safe: nghttp2 gives so many octets each, valid during this call.
    let name = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: name, count: nameCount))
    let value = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: value, count: valueCount))
    if owner.receive(name, value) { return goOn }
    return owner.allows(.oversized, "field sections that are far too large") ? goOn : giveUp
}

private func receivedInvalidField(
    _: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>?,
    _: UnsafePointer<UInt8>?,
    _: Int,
    _: UnsafePointer<UInt8>?,
    _: Int,
    _: UInt8,
    _ userData: UnsafeMutableRawPointer?
) -> CInt {
    guard let frame = unsafe frame else { return goOn }
    // nghttp2 would leave the field out and go on.
    let owner = unsafe HTTP2Callbacks.owner(userData)
    owner.reset(unsafe frame.pointee.hd.stream_id, code: HTTP2Code.protocolError)
    return resetStream
}

private func receivedFrame(
    _: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>?,
    _ userData: UnsafeMutableRawPointer?
) -> CInt {
    guard let frame = unsafe frame else { return goOn }
    let owner = unsafe HTTP2Callbacks.owner(userData)
    let header = unsafe frame.pointee.hd
    let isEnd = UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue: owner.sectionEnds(on: header.stream_id, isEnd: isEnd)
    case NGHTTP2_DATA.rawValue: return owner.dataEnds(on: header.stream_id, isEnd: isEnd) ? goOn : giveUp
    case NGHTTP2_SETTINGS.rawValue:
        if UInt32(header.flags) & NGHTTP2_FLAG_ACK.rawValue == 0 { owner.receivedSettings() }
    case NGHTTP2_PING.rawValue:
        if UInt32(header.flags) & NGHTTP2_FLAG_ACK.rawValue != 0 { owner.pingAcknowledged() }
    case NGHTTP2_GOAWAY.rawValue:
        let last = unsafe CNghttp2_goawayLastStream(frame)
        owner.wentAway(lastStream: last, code: unsafe CNghttp2_goawayCode(frame))
    default: break
    }
    return goOn
}

private func sentFrame(
    _: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>?,
    _ userData: UnsafeMutableRawPointer?
) -> CInt {
    guard let frame = unsafe frame else { return goOn }
    let owner = unsafe HTTP2Callbacks.owner(userData)
    let header = unsafe frame.pointee.hd
    let isEnd = UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue where isEnd: owner.sentEnd(of: header.stream_id)
    case NGHTTP2_DATA.rawValue:
        owner.sentData()
        if isEnd { owner.sentEnd(of: header.stream_id) }
    case NGHTTP2_RST_STREAM.rawValue where unsafe isPeersFault(CNghttp2_resetCode(frame)):
        // Whoever makes us reset streams costs as much as who resets them.
        _ = owner.allows(.reset, "frames that break a stream's rules")
    default: break
    }
    return goOn
}

private func isPeersFault(_ code: UInt32) -> Bool {
    code == NGHTTP2_PROTOCOL_ERROR.rawValue || code == NGHTTP2_FLOW_CONTROL_ERROR.rawValue
        || code == NGHTTP2_STREAM_CLOSED.rawValue || code == NGHTTP2_REFUSED_STREAM.rawValue
}

private func receivedData(
    _: OpaquePointer?,
    _: UInt8,
    _ stream: Int32,
    _ data: UnsafePointer<UInt8>?,
    _ count: Int,
    _ userData: UnsafeMutableRawPointer?
) -> CInt {
    if count == 0 { return goOn }
    let owner = unsafe HTTP2Callbacks.owner(userData)
    // Safe: nghttp2 gives so many octets, valid during this call.
    owner.received(unsafe Span(_unsafeElements: UnsafeBufferPointer(start: data, count: count)), on: stream)
    return goOn
}

private func closedStream(
    _: OpaquePointer?,
    _ stream: Int32,
    _ code: UInt32,
    _ userData: UnsafeMutableRawPointer?
) -> CInt {
    unsafe HTTP2Callbacks.owner(userData).closed(stream, code: code)
    return goOn
}

private func readBody(
    _: OpaquePointer?,
    _ stream: Int32,
    _ buffer: UnsafeMutablePointer<UInt8>?,
    _ count: Int,
    _ flags: UnsafeMutablePointer<UInt32>?,
    _: UnsafeMutablePointer<nghttp2_data_source>?,
    _ userData: UnsafeMutableRawPointer?
) -> Int {
    let owner = unsafe HTTP2Callbacks.owner(userData)
    // Safe: nghttp2 gives room for so many octets.
    var room = unsafe MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(start: buffer, count: count))
    switch owner.takeBody(of: stream, into: &room) {
    case .more(let taken): return taken > 0 ? taken : Int(NGHTTP2_ERR_DEFERRED.rawValue)
    case .end(let taken, let trailers):
        unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if let trailers {
            unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            owner.submitTrailers(trailers, on: stream)
        }
        return taken
    case .failed: return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
    }
}
