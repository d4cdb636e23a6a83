internal import Base
internal import EventLoop
internal import HTTP

/// A connection to an endpoint, whatever is spoken on it: how it is opened, watched over, and given up.
protocol UpstreamConnection: ChannelReader, ReadinessHandler, TimerHandler {
    var endpoint: EndpointPool { get }
    /// One for opening, then one for each sweep.
    var timer: TimerID? { get set }
    /// When it ends if nobody uses it.
    var deadline: MonotonicTime { get set }
    /// When it was begun.
    var birth: MonotonicTime { get }
    /// Whether the endpoint counts it among its connections.
    var isCounted: Bool { get set }

    /// It is connected, and TLS has shaken hands.
    func opened()

    /// It is lost, or could not be made.
    func failed(_ reason: LocalReply.ResetReason, cause: String)
}

extension UpstreamConnection {
    var localAddress: SocketAddress? { channel?.localAddress }
    var failure: String { channel?.failure ?? "" }

    /// Begins to connect.
    func beginOpening(_ content: UpstreamSecurity.Content) {
        endpoint.connectionOpened()
        isCounted = true
        do {
            channel = try Channel.connecting(to: endpoint, content, preamble: endpoint.preamble)
        } catch {
            return failed(.remoteConnectionFailure, cause: "delayed connect error: \(error.reason)")
        }
        guard channel?.register(on: worker.loop, self, .writable) == true else {
            return failed(.localConnectionFailure, cause: "too many open descriptors")
        }
        timer = worker.loop.schedule(after: endpoint.limits.connectTimeout, self)
    }

    /// Goes on with connecting and shaking hands, after an event.
    func proceedOpening() {
        switch channel?.proceedConnecting(on: worker.loop) {
        case .done: hasOpened()
        case .inProgress: break
        case .failed(let reason, let cause):
            worker.handshakeFailed(to: endpoint, cause)
            failed(reason, cause: cause)
        case nil: break
        }
    }

    /// The time for connecting and shaking hands is over.
    func openingTimedOut() {
        worker.handshakeFailed(to: endpoint, channel?.delay ?? "")
        failed(.connectionTimeout, cause: "")
    }

    private func hasOpened() {
        channel?.watch(worker.loop, isReadingPaused: false, isWriteBlocked: false)
        deadline = endpoint.limits.deadline(worker.loop.now, birth: birth, default: worker.limits.idleTimeout)
        if let timer { worker.loop.cancel(timer) }
        timer = worker.loop.schedule(after: worker.limits.sweepInterval, self)
        opened()
    }

    func inputLost() { failed(.connectionTermination, cause: failure) }

    /// Gives everything back but its place in the endpoint's lists; somebody else may connect then.
    func release() {
        if let timer { worker.loop.cancel(timer) }
        timer = nil
        channel.take()?.close(on: worker.loop)
        if isCounted { endpoint.connectionClosed() }
    }
}
