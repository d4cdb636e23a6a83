internal import EventLoop

/// A connection whose client was told by an alert why it is not served.
///
/// What the client has sent meanwhile, in TLS 1.3 a request, is thrown away for a moment: closing with it unread would reset
/// the connection, and a reset overtakes the alert.
final class RefusedConnection: ChannelHolder, ChannelReader, ReadinessHandler, TimerHandler, WorkerConnection {
    private var timer: TimerID?
    private var patience = 64 * 1024

    /// Ends what is to be sent on the channel of a failed handshake, and waits for the client to see it.
    func start() {
        channel?.abandonTLS()
        channel?.finishSending(on: worker.loop)
        guard channel?.register(on: worker.loop, self) == true else { return channel = nil }
        timer = worker.loop.schedule(after: worker.limits.lingerTimeout, self)
        worker.add(self)
    }

    func becameReady(_ readiness: Readiness) { readInput() }

    func take(_ input: Span<UInt8>) {
        patience -= input.count
        if patience < 0 { close() }
    }

    func inputEnded() { close() }
    func inputLost() { close() }

    func timerFired(_ timer: TimerID) {
        self.timer = nil
        close()
    }

    func inboundPolicyChanged() {}
    var isIdle: Bool { true }

    func close() {
        guard let channel = channel.take() else { return }
        if let timer { worker.loop.cancel(timer) }
        worker.remove(self)
        channel.close(on: worker.loop)
    }
}
