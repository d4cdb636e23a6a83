internal import Base
internal import EventLoop

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
    private var registration: Registration?
    private var interest: Readiness = .readable
    private(set) var isReadingPaused = false
    private var isWriteBlocked = false
    private var isConnected = true
    /// Why the last read or write failed; empty for a plain reset.
    private(set) var failure = ""

    init(_ socket: consuming Socket) { self.socket = socket }

    /// A connection to `endpoint` on its way; ``proceedConnecting(on:)`` says when it has arrived.
    static func connecting(to endpoint: EndpointPool, _ content: UpstreamSecurity.Content) throws(SystemError)
        -> Channel
    {
        var channel = Channel(try Socket.connecting(to: endpoint.address, from: endpoint.source))
        channel.isConnected = false
        return channel
    }

    var descriptor: CInt { socket.descriptor }
    var localAddress: SocketAddress? { try? socket.localAddress }
    var originalDestination: SocketAddress? { socket.originalDestination }
    /// Whether there are bytes to read though the socket may have none.
    var hasBufferedInput: Bool { false }

    // Watching

    /// Starts reporting events to `handler`, in place of the one before.
    mutating func register(
        on loop: EventLoop,
        _ handler: any ReadinessHandler,
        _ interest: Readiness = .readable,
        trigger: EventLoop.Trigger = .level
    ) -> Bool {
        if let registration { loop.remove(registration) }
        self.interest = interest
        isReadingPaused = !interest.contains(.readable)
        isWriteBlocked = interest.contains(.writable)
        registration = try? loop.add(socket.descriptor, interest, trigger: trigger, handler)
        return registration != nil
    }

    /// Stops all events; must come before the channel goes.
    mutating func unregister(from loop: EventLoop) {
        if let registration { loop.remove(registration) }
        registration = nil
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

    /// Goes on with connecting, after an event.
    mutating func proceedConnecting(on loop: EventLoop) -> Progress {
        if !isConnected {
            if let error = socket.takeError() {
                return .failed(.remoteConnectionFailure, "delayed connect error: \(error.reason)")
            }
            isConnected = true
        }
        return .done
    }

    // Bytes

    mutating func read(into buffer: inout MutableSpan<UInt8>) -> Transfer { socket.read(into: &buffer) }

    func peek(into buffer: inout MutableSpan<UInt8>) -> Transfer { socket.peek(into: &buffer) }

    /// Sends what waits in `output`, as far as it goes now.
    ///
    /// - Parameter isKept: Whether sent bytes stay in `output`.
    /// - Returns: False when the connection is lost.
    mutating func flush(_ output: inout OutputBuffer, isKept: Bool = false, on loop: EventLoop) -> Bool {
        while !output.isEmpty {
            switch socket.write(output.bytes.span.extracting(output.sent...)) {
            case .moved(let count): output.advance(by: count, isKept: isKept)
            case .wouldBlock:
                watch(loop, isReadingPaused: isReadingPaused, isWriteBlocked: true)
                return true
            case .ended, .failed: return false
            }
        }
        if isWriteBlocked { watch(loop, isReadingPaused: isReadingPaused, isWriteBlocked: false) }
        return true
    }

    /// Tells the peer that nothing more will come.
    mutating func finishSending(on loop: EventLoop) { socket.finishSending() }

    /// Makes closing a reset: the peer sees that it was refused.
    func resetOnClose() { socket.resetOnClose() }
}

extension SystemError {
    /// The errno in words, without the call's name.
    var reason: String {
        let text = description
        guard let colon = text.firstIndex(of: ":"), let end = text.ranges(of: " (errno").last?.lowerBound else {
            return text
        }
        return String(text[text.index(colon, offsetBy: 2)..<end])
    }
}
