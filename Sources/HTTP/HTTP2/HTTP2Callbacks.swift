internal import CNghttp2

/// The functions that nghttp2 calls; each finds its session and tells it.
enum HTTP2Callbacks {
    /// Where the body of every message comes from: the queue of its stream.
    static var body: nghttp2_data_provider {
        unsafe nghttp2_data_provider(source: nghttp2_data_source(), read_callback: readBody)
    }

    /// Makes a session that calls the functions below.
    static func makeSession(_ role: HTTP2Session.Role) -> OpaquePointer {
        var (callbacks, option, session): (OpaquePointer?, OpaquePointer?, OpaquePointer?) = (nil, nil, nil)
        unsafe nghttp2_session_callbacks_new(&callbacks)
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, beganHeaders)
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks, receivedField)
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, receivedFrame)
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, sentFrame)
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, receivedData)
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, closedStream)
        unsafe nghttp2_option_new(&option)
        unsafe nghttp2_option_set_no_auto_window_update(option, 1)
        unsafe nghttp2_option_set_no_closed_streams(option, 1)  // They only serve priorities that nobody uses.
        unsafe nghttp2_option_set_stream_reset_rate_limit(option, 200, 50)
        let result =
            role == .server
            ? unsafe nghttp2_session_server_new2(&session, callbacks, nil, option)
            : unsafe nghttp2_session_client_new2(&session, callbacks, nil, option)
        unsafe nghttp2_option_del(option)
        unsafe nghttp2_session_callbacks_del(callbacks)
        guard result == 0, let made = unsafe session else { preconditionFailure("nghttp2 has no memory for a session") }
        return unsafe made
    }

    /// Makes `owner` the one that the functions below tell; it must outlive `session`, which it owns.
    static func attach(_ owner: HTTP2Session, to session: OpaquePointer) {
        unsafe nghttp2_session_set_user_data(session, Unmanaged.passUnretained(owner).toOpaque())
    }

    static func owner(_ userData: UnsafeMutableRawPointer?) -> HTTP2Session {
        guard let userData = unsafe userData else { preconditionFailure("an nghttp2 session without an owner") }
        // Safe: attach(_:to:) set it, and the owner is alive while it calls nghttp2.
        return unsafe Unmanaged<HTTP2Session>.fromOpaque(userData).takeUnretainedValue()
    }
}

private let goOn: CInt = 0

private func beganHeaders(
    _: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>?,
    _ userData: UnsafeMutableRawPointer?
) -> CInt {
    guard let frame = unsafe frame else { return goOn }
    let owner = unsafe HTTP2Callbacks.owner(userData)
    let stream = unsafe frame.pointee.hd.stream_id
    if owner.streams[stream] == nil { owner.streams[stream] = HTTP2StreamState() }
    owner.streams[stream]?.beginSection()
    return goOn
}

private func receivedField(
    _: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>?,
    _ name: UnsafePointer<UInt8>?,
    _ nameCount: Int,
    _ value: UnsafePointer<UInt8>?,
    _ valueCount: Int,
    _: UInt8,
    _ userData: UnsafeMutableRawPointer?
) -> CInt {
    guard let frame = unsafe frame else { return goOn }
    let owner = unsafe HTTP2Callbacks.owner(userData)
    guard let state = owner.streams[unsafe frame.pointee.hd.stream_id] else { return goOn }
    state.headOctets += nameCount + valueCount + 32  // As RFC 9113 §6.5.2 counts.
    state.fieldCount += 1
    if state.headOctets > owner.settings.headOctets || state.fieldCount > owner.settings.fields {
        return CInt(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)  // Resets the stream; the connection goes on.
    }
    // Safe: nghttp2 gives so many octets each.
    let nameText = unsafe String(decoding: UnsafeBufferPointer(start: name, count: nameCount), as: UTF8.self)
    let valueText = unsafe String(decoding: UnsafeBufferPointer(start: value, count: valueCount), as: UTF8.self)
    state.head.receive(nameText, valueText)
    return goOn
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
    case NGHTTP2_HEADERS.rawValue: owner.receivedSection(on: header.stream_id, isEnd: isEnd)
    case NGHTTP2_DATA.rawValue: if isEnd { owner.events.append(.ended(stream: header.stream_id)) }
    case NGHTTP2_PING.rawValue:
        if UInt32(header.flags) & NGHTTP2_FLAG_ACK.rawValue != 0 { owner.events.append(.pingAcknowledged) }
    case NGHTTP2_GOAWAY.rawValue:
        let last = unsafe CNghttp2_goawayLastStream(frame)
        owner.events.append(.goAway(lastStream: last, code: unsafe CNghttp2_goawayCode(frame)))
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
    let header = unsafe frame.pointee.hd
    let mayEnd = UInt32(header.type) == NGHTTP2_HEADERS.rawValue || UInt32(header.type) == NGHTTP2_DATA.rawValue
    guard mayEnd, UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 else { return goOn }
    let owner = unsafe HTTP2Callbacks.owner(userData)
    guard let state = owner.streams[header.stream_id] else { return goOn }
    state.hasSentEnd = true
    if state.isAbandoned { owner.reset(header.stream_id, code: HTTP2Code.none) }
    return goOn
}

extension HTTP2Session {
    fileprivate func receivedSection(on stream: Int32, isEnd: Bool) {
        guard let state = streams[stream] else { return }
        if state.hasHead {
            events.append(.trailers(stream: stream, state.head.fields))
        } else if let status = state.head.status, status < 200 {
            return  // An interim response; the final one is still to come.
        } else {
            state.hasHead = true
            events.append(.head(stream: stream, state.head))
        }
        if isEnd { events.append(.ended(stream: stream)) }
    }
}

private func receivedData(
    _: OpaquePointer?,
    _: UInt8,
    _ stream: Int32,
    _ data: UnsafePointer<UInt8>?,
    _ count: Int,
    _ userData: UnsafeMutableRawPointer?
) -> CInt {
    let owner = unsafe HTTP2Callbacks.owner(userData)
    // nghttp2 hands out data where it lies in the input.
    let start = Int(UInt(bitPattern: data) - owner.inputAddress)
    owner.streams[stream]?.unconsumedOctets += count
    owner.events.append(.data(stream: stream, start..<start + count))
    return goOn
}

private func closedStream(
    _: OpaquePointer?,
    _ stream: Int32,
    _ code: UInt32,
    _ userData: UnsafeMutableRawPointer?
) -> CInt {
    unsafe HTTP2Callbacks.owner(userData).streamClosed(stream, code: code)
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
    guard let state = owner.streams[stream] else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
    // Safe: nghttp2 gives room for so many octets.
    let taken = unsafe state.take(into: UnsafeMutableBufferPointer(start: buffer, count: count))
    if state.pendingOctets == 0 && state.hasEndedSending {
        unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if let trailers = state.trailers {
            unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            owner.submitTrailers(trailers, on: stream)
        }
    } else if taken == 0 {
        state.isDeferred = true
        return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    return taken
}
