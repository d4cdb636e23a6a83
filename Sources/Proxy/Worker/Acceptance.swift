internal import EventLoop

/// A connection between its arrival and the moment it is known how to treat it.
///
/// It looks at what the client says without taking it, so that whoever serves the connection finds all of it.
protocol Acceptance: ChannelHolder, ReadinessHandler, TimerHandler, WorkerConnection {
    var info: ConnectionInfo { get }
    var timer: TimerID? { get set }
    var isClosed: Bool { get }

    /// Decides by what the client has said so far; called again when there is more.
    ///
    /// - Parameter isFull: Whether more will not come, or could not be looked at anyway.
    func judge(_ bytes: Span<UInt8>, isFull: Bool)

    /// The client is done, and has said nothing that decides.
    func endedUndecided()

    /// It is closed or handed on: gives back what it holds beside its channel and its timer.
    func ended()
}

extension Acceptance {
    func inboundPolicyChanged() {}

    /// Has the loop tell when more has come than was there before.
    ///
    /// - Returns: False when it cannot, and the connection is closed.
    func watchForMore(_ interest: Readiness = .readable) -> Bool {
        if channel?.register(on: worker.loop, self, interest, trigger: .edge) == true { return true }
        close()
        return false
    }

    /// Looks at what has come.
    ///
    /// - Parameter isAll: Whether the client will send no more than it has.
    func look(isAll: Bool = false) {
        let worker = worker
        var buffer = worker.takeReadBuffer()
        defer { worker.giveReadBuffer(&buffer) }
        var span = buffer.mutableSpan
        switch channel?.peek(into: &span) {
        case .moved(let count): judge(buffer.span.extracting(0..<count), isFull: isAll || count == buffer.count)
        case .wouldBlock: break
        case .ended: endedUndecided()
        case .failed, nil: close()
        }
    }

    /// Notes in log and metrics that TLS with the client failed; the caller closes.
    func noteHandshakeFailure(_ cause: String) {
        worker.telemetry.metrics.handshakesFailed += 1
        finishLog(.none, details: "downstream_transport_failure", handshakeFailure: cause)
    }

    /// Ends the connection after a handshake that failed, so that the client gets to see the alert.
    func closeAfterAlert() {
        guard let channel = take() else { return }
        RefusedConnection(worker, channel).start()
    }

    /// Writes the line of a connection that is not served.
    func finishLog(_ flag: ResponseFlag, details: String = "", cluster: String = "", handshakeFailure: String = "") {
        var log = ExchangeLog()
        log.begin(at: worker.loop.now)
        (log.flag, log.details) = (flag, details)
        (log.upstreamFailure, log.downstreamFailure) = (handshakeFailure, handshakeFailure)
        worker.finished(log, info, cluster: cluster)
    }

    /// Gives the channel away; this object is done.
    func take() -> Channel? {
        guard !isClosed else { return nil }
        end()
        return channel.take()
    }

    func close() {
        guard !isClosed else { return }
        end()
        channel.take()?.close(on: worker.loop)
    }

    private func end() {
        ended()
        if let timer { worker.loop.cancel(timer) }
        timer = nil
        worker.remove(self)
    }
}
