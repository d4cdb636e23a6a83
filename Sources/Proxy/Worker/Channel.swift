internal import Base
internal import Discovery
internal import EventLoop
internal import TLS

/// A socket in an event loop, with TLS on it or without; owned by the connection object that serves it.
///
/// Registered once for reading. Writing is watched only while the kernel's buffer is full, and reading is not watched
/// only while the other side is slower.
struct Channel: ~Copyable {
    /// How far connecting or a handshake came.
    enum Progress {
        case done
        case inProgress
        case failed(LocalReply.ResetReason, String)
    }

    private var socket: Socket
    private var tls: TLSConnection?
    private var upcoming: Upcoming?
    private var registration: Registration?
    private var interest: Readiness = .readable
    private(set) var isReadingPaused = false
    /// Whether something waits that the kernel did not take.
    private(set) var isWriteBlocked = false
    private var ending = Ending.none
    /// Why the last read or write failed; empty for a plain reset.
    private(set) var failure = ""

    private enum Ending {
        case none
        /// The peer is told as soon as what TLS has to say before has been sent.
        case waiting
        case told
    }

    /// What is still to be done on a connection to an endpoint.
    private struct Upcoming {
        var endpoint: EndpointPool
        var content: UpstreamSecurity.Content
        /// What the endpoint is told before anything else.
        var preamble: OutputBuffer
        var isConnected = false
    }

    init(_ socket: consuming Socket) { self.socket = socket }

    /// A connection to `endpoint` on its way; ``proceedConnecting(on:)`` says when it has arrived.
    ///
    /// - Parameter preamble: What is said on it before TLS begins, or whatever is to be sent.
    static func connecting(
        to endpoint: EndpointPool,
        _ content: UpstreamSecurity.Content,
        preamble: [UInt8]
    ) throws(SystemError) -> Channel {
        var channel = Channel(
            endpoint.path.isEmpty
                ? try Socket.connecting(to: endpoint.address, from: endpoint.source)
                : try Socket.connecting(toPath: endpoint.path)
        )
        if let keepalive = endpoint.limits.keepalive, endpoint.path.isEmpty {
            try channel.socket.keepAlive(
                after: Int32(clamping: keepalive.time.components.seconds),
                every: Int32(clamping: keepalive.interval.components.seconds),
                probes: Int32(clamping: keepalive.probes)
            )
        }
        channel.upcoming = Upcoming(endpoint: endpoint, content: content, preamble: OutputBuffer(bytes: preamble))
        return channel
    }

    var localAddress: SocketAddress? { try? socket.localAddress }
    func originalDestination(from peer: IPAddress) -> SocketAddress? { socket.originalDestination(from: peer) }
    /// Whether bytes go as they are.
    var isPlaintext: Bool { tls == nil }
    /// Whether reading can bring something though the socket may have nothing.
    var hasBufferedInput: Bool { tls?.mayHaveMore ?? false }
    /// What the TLS handshake with a client agreed on; nil without TLS, and when it is forgotten.
    var tlsInfo: TLSInfo? { tls?.info }

    /// Gives back what only the handshake needed; ``tlsInfo`` must have been read by then.
    func forgetHandshake() { tls?.forgetHandshake() }

    // Watching

    /// Starts reporting events to `handler`, in place of the one before.
    mutating func register(
        on loop: EventLoop,
        _ handler: any ReadinessHandler,
        _ interest: Readiness = .readable,
        trigger: EventLoop.Trigger = .level
    ) -> Bool {
        self.interest = interest
        isReadingPaused = !interest.contains(.readable)
        isWriteBlocked = interest.contains(.writable)
        if let former = registration {
            registration = loop.hand(former, to: handler, interest, trigger: trigger)
        } else {
            registration = try? loop.add(socket.descriptor, interest, trigger: trigger, handler)
        }
        return registration != nil
    }

    /// Stops all events until somebody registers again.
    mutating func unregister(from loop: EventLoop) {
        if let registration { loop.remove(registration) }
        registration = nil
    }

    /// Ends all events and the connection.
    consuming func close(on loop: EventLoop) {
        if let registration { loop.remove(registration, isClosing: true) }
    }

    /// Watches for reading again, or not, and for writing while `isWriteBlocked`.
    mutating func watch(_ loop: EventLoop, isReadingPaused: Bool, isWriteBlocked: Bool) {
        (self.isReadingPaused, self.isWriteBlocked) = (isReadingPaused, isWriteBlocked)
        var wanted: Readiness = isReadingPaused ? [] : .readable
        if isWriteBlocked { wanted.insert(.writable) }
        guard wanted != interest, let registration else { return }
        interest = wanted
        loop.update(registration, wanted)
    }

    mutating func pauseReading(_ isPaused: Bool, on loop: EventLoop) {
        if isPaused != isReadingPaused { watch(loop, isReadingPaused: isPaused, isWriteBlocked: isWriteBlocked) }
    }

    // Beginning

    /// Why a connection to an endpoint that was given up for lack of time had not arrived, for people.
    var delay: String {
        upcoming?.isConnected == true
            ? "the TLS handshake did not end in time: the peer may not speak TLS, and wait for more of what it takes for a request"
            : "the connection was not accepted in time"
    }

    /// Goes on with connecting to an endpoint and shaking hands with it, after an event.
    mutating func proceedConnecting(on loop: EventLoop) -> Progress {
        if var upcoming, !upcoming.isConnected {
            if let error = socket.takeError() {
                return .failed(.remoteConnectionFailure, "delayed connect error: \(error.reason)")
            }
            guard let isBlocked = send(&upcoming.preamble, isKept: false) else {
                return .failed(.remoteConnectionFailure, "the endpoint was gone before it was told who the client is")
            }
            upcoming.isConnected = !isBlocked
            self.upcoming = upcoming
            if isBlocked { return .inProgress }
            guard let security = upcoming.endpoint.security else { return .done }
            guard let context = security.context else { return .failed(.localConnectionFailure, security.problem) }
            tls = TLSConnection(
                client: context,
                descriptor: socket.descriptor,
                serverName: security.serverName,
                expectedHost: security.expectedHost,
                destination: security.sessionKey(upcoming.endpoint.address),
                applicationProtocols: security.applicationProtocols(upcoming.content)
            )
            tls?.forgetHandshake()  // As soon as it is over: nobody asks what was agreed on with an endpoint.
        }
        return proceedHandshake(on: loop)
    }

    /// Begins TLS as its server; nothing of it must have been read yet.
    mutating func beginTLS(_ context: TLSServerContext) {
        tls = TLSConnection(server: context, descriptor: socket.descriptor)
    }

    /// Goes on with the handshake, after an event.
    mutating func proceedHandshake(on loop: EventLoop) -> Progress {
        guard let tls else { return .done }
        switch tls.handshake() {
        case .done:
            watch(loop, isReadingPaused: false, isWriteBlocked: false)
            return .done
        case .wantsRead: watch(loop, isReadingPaused: false, isWriteBlocked: false)
        case .wantsWrite: watch(loop, isReadingPaused: true, isWriteBlocked: true)
        case .failed(let failure): return .failed(.remoteConnectionFailure, failure.forPeople)
        }
        return .inProgress
    }

    /// Forgets TLS that has failed: what still comes is read as it is.
    mutating func abandonTLS() { tls = nil }

    // Bytes

    /// Reads at most `buffer.count` octets; ``failure`` says why it failed.
    mutating func read(into buffer: inout MutableSpan<UInt8>) -> Transfer {
        guard let tls else { return socket.read(into: &buffer) }
        switch tls.read(into: &buffer) {
        case .moved(let count): return .moved(count)
        case .wantsRead, .wantsWrite: return .wouldBlock
        case .ended: return .ended
        case .failed(let failure):
            if failure.kind == .truncated { return .ended }
            self.failure = failure.forPeople
            return .failed(0)
        }
    }

    func peek(into buffer: inout MutableSpan<UInt8>) -> Transfer { socket.peek(into: &buffer) }

    /// Sends what waits in `output`, as far as it goes now.
    ///
    /// - Parameters:
    ///   - isKept: Whether sent bytes stay in `output`.
    ///   - isLast: Whether the connection is closed as soon as all is sent; the end goes with the last bytes then.
    /// - Returns: False when the connection is lost.
    mutating func flush(
        _ output: inout OutputBuffer,
        isKept: Bool = false,
        isLast: Bool = false,
        on loop: EventLoop
    ) -> Bool {
        guard let isBlocked = send(&output, isKept: isKept, isLast: isLast) else { return false }
        return settle(isBlocked: isBlocked, on: loop)
    }

    /// Sends `bytes` behind what waits in `output`, where only what does not go now is copied to.
    ///
    /// - Returns: False when the connection is lost.
    mutating func flush(_ output: inout OutputBuffer, then bytes: Span<UInt8>, on loop: EventLoop) -> Bool {
        guard var isBlocked = send(&output, isKept: false) else { return false }
        var position = 0
        while !isBlocked, position < bytes.count {
            switch write(bytes.extracting(position...)) {
            case .moved(let count): position += count
            case .wouldBlock: isBlocked = true
            case .ended, .failed: return false
            }
        }
        output.append(bytes.extracting(position...))
        return settle(isBlocked: isBlocked || tls?.hasUnsent == true, on: loop)
    }

    /// Watches for room while something has to wait.
    private mutating func settle(isBlocked: Bool, on loop: EventLoop) -> Bool {
        if isBlocked != isWriteBlocked { watch(loop, isReadingPaused: isReadingPaused, isWriteBlocked: isBlocked) }
        if ending == .waiting, !isBlocked { tellEnd() }
        return true
    }

    /// Whether something has to wait; nil when the connection is lost.
    private mutating func send(_ output: inout OutputBuffer, isKept: Bool, isLast: Bool = false) -> Bool? {
        if tls?.hasUnsent == true { tls?.flush() }
        while !output.isEmpty {
            switch write(output.bytes.span.extracting(output.sent...), isLast: isLast) {
            case .moved(let count): output.advance(by: count, isKept: isKept)
            case .wouldBlock: return true
            case .ended, .failed: return nil
            }
        }
        return tls?.hasUnsent ?? false
    }

    /// Encrypts and sends as much as can be now.
    private mutating func write(_ bytes: Span<UInt8>, isLast: Bool = false) -> Transfer {
        guard let tls else { return socket.write(bytes, moreFollows: isLast) }
        if tls.hasUnsent { return .wouldBlock }
        switch tls.write(bytes) {
        case .moved(let count): return .moved(count)
        case .wantsRead, .wantsWrite: return .wouldBlock
        case .ended: return .ended
        case .failed(let failure):
            self.failure = failure.forPeople
            return .failed(0)
        }
    }

    /// Tells the peer that nothing more will come; everything must have been flushed.
    mutating func finishSending(on loop: EventLoop) {
        guard ending == .none else { return }
        tls?.finishSending()
        guard tls?.hasUnsent == true else { return tellEnd() }
        ending = .waiting
        watch(loop, isReadingPaused: isReadingPaused, isWriteBlocked: true)
    }

    private mutating func tellEnd() {
        ending = .told
        socket.finishSending()
    }

    /// Makes closing a reset: the peer sees that it was refused.
    func resetOnClose() { socket.resetOnClose() }
}

extension TLSFailure {
    /// The failure with BoringSSL's word for it in front, which users of Envoy search for.
    var forPeople: String {
        switch kind {
        case .notTLS: "TLS_error:WRONG_VERSION_NUMBER: \(self)"
        case .peerNotVerified: "TLS_error:CERTIFICATE_VERIFY_FAILED: \(self)"
        case .rejectedByPeer, .protocolError: "TLS_error: \(self)"
        case .connectionLost, .truncated: "\(self)"
        }
    }
}
