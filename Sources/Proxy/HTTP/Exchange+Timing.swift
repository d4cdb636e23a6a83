internal import Base
internal import EventLoop
internal import HTTP

/// Time limits and pauses.
extension Exchange: TimerHandler {
    /// Waits on purpose: for a fault's delay, or before another attempt.
    func pause(for duration: Duration) {
        phase = .paused
        timers.pause = worker.loop.schedule(after: duration, self)
    }

    /// The time for the whole response begins when the client has said everything.
    func startTotalTimer() {
        guard timeout > .zero, request.isComplete, timers.total == nil else { return }
        timers.total = worker.loop.schedule(after: timeout, self)
    }

    /// The time for one attempt begins when it has a connection, and the client has said everything.
    func startAttemptTimer() {
        guard attemptTimeout > .zero, request.isComplete, phase == .waiting, timers.attempt == nil else { return }
        timers.attempt = worker.loop.schedule(after: attemptTimeout, self)
    }

    func timerFired(_ timer: TimerID) {
        if timer == timers.pause {
            timers.pause = nil
            pauseEnded()
        } else if timer == timers.attempt {
            timers.attempt = nil
            attemptExpired()
        } else if timer == timers.total {
            timers.total = nil
            expired()
        }
    }

    private func pauseEnded() {
        guard phase == .paused else { return }
        if let match = progress?.match, progress?.isRouted == false {
            abortOrGoOn(match)
        } else {
            connect()
        }
        if phase != .idle { flushRequest() }
    }

    private func attemptExpired() {
        guard phase == .waiting else { return }
        judgeEndpoint(.gatewayError)
        release(isReusable: false)
        attemptEnded(.timeout, otherwise: .attemptTimeout)
    }

    private func expired() {
        switch phase {
        case .idle, .routing: break
        case .paused, .equipping, .resolving, .connecting, .waiting:
            judgeEndpoint(.gatewayError)
            release(isReusable: false)
            let isClients = GRPCTimeout.effective(head, limit: .zero) == timeout
            respond(isClients ? .deadlineExceeded : .upstreamTimeout)
        case .responding:
            log.flag.insert(.upstreamTimeout)
            log.details = LocalReply.upstreamTimeout.details
            cutOff()
        }
    }
}
