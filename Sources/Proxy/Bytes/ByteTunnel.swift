internal import Base
internal import Discovery
internal import EventLoop
internal import HTTP

/// Carries bytes between two connections, both ways, each way at its own pace and with its own end.
final class ByteTunnel: TimerHandler, WorkerConnection {
    /// One of the two connections.
    private final class Leg: ReadinessHandler {
        unowned let tunnel: ByteTunnel
        var channel: Channel?
        /// Bytes that came from the other leg and wait to be sent here.
        var output = OutputBuffer()
        /// Nothing more will come from this leg.
        var hasEnded = false
        /// Its end was told to the other leg.
        var hasFinished = false
        let isClient: Bool

        init(_ tunnel: ByteTunnel, isClient: Bool) {
            self.tunnel = tunnel
            self.isClient = isClient
        }

        func becameReady(_ readiness: Readiness) { tunnel.becameReady(self, readiness) }
    }

    private enum State { case connecting, open, closed }

    let worker: Worker
    private let info: ConnectionInfo
    private let endpoint: EndpointPool
    private let cluster: String
    private var state = State.connecting
    private lazy var client = Leg(self, isClient: true)
    private lazy var server = Leg(self, isClient: false)
    private var timer: TimerID?
    private var deadline: MonotonicTime
    /// When the tunnel ends whatever it carries.
    private var end = MonotonicTime(nanoseconds: .max)
    private var log = ExchangeLog()

    init(
        _ worker: Worker,
        _ channel: consuming Channel,
        _ info: ConnectionInfo,
        to endpoint: EndpointPool,
        cluster: String
    ) {
        self.worker = worker
        self.info = info
        self.endpoint = endpoint
        self.cluster = cluster
        deadline = worker.loop.now + endpoint.limits.connectTimeout
        log.begin(at: worker.loop.now)
        log.endpoint = endpoint
        client.channel = consume channel
    }

    /// Connects to the endpoint, and then carries `early` and all that follows.
    func start(early: [UInt8] = []) {
        worker.add(self)
        endpoint.load += 1
        server.output.bytes = early
        log.bytesReceived = early.count
        do {
            server.channel = try Channel.connecting(to: endpoint, .bytes, preamble: endpoint.preamble(for: info))
        } catch {
            return failed(.upstreamConnectionFailure, "\(error)")
        }
        // The client is not read from before there is somewhere to send it.
        guard server.channel?.register(on: worker.loop, server, .writable) == true,
            client.channel?.register(on: worker.loop, client, []) == true
        else { return failed(.upstreamConnectionFailure, "too many open descriptors") }
        timer = worker.loop.schedule(after: endpoint.limits.connectTimeout, self)
    }

    private func becameReady(_ leg: Leg, _ readiness: Readiness) {
        if state == .connecting {
            if leg === server { return proceed() }
            // Only failures are reported for a client that is not read from.
            return failed(.downstreamTermination, "")
        }
        deadline = worker.loop.now + idleTimeout
        if readiness.contains(.writable) { flush(leg) }
        if readiness.contains(.readable) || readiness.contains(.failed) { readInput(leg) }
    }

    /// Goes on with connecting and shaking hands.
    private func proceed() {
        switch server.channel?.proceedConnecting(on: worker.loop) {
        case .done: opened()
        case .inProgress: break
        case .failed(let reason, let cause):
            worker.handshakeFailed(to: endpoint, cause)
            failed(reason.flag, cause)
        case nil: break
        }
    }

    private func opened() {
        state = .open
        log.upstreamLocalAddress = server.channel?.localAddress
        if let timer { worker.loop.cancel(timer) }
        if endpoint.limits.lifetime > .zero { end = min(end, worker.loop.now + endpoint.limits.lifetime) }
        deadline = worker.loop.now + idleTimeout
        timer = worker.loop.schedule(after: worker.limits.sweepInterval, self)
        client.channel?.watch(worker.loop, isReadingPaused: false, isWriteBlocked: false)
        server.channel?.watch(worker.loop, isReadingPaused: false, isWriteBlocked: false)
        client.channel?.forgetHandshake()
        flush(server)
        // Bytes may have come together with the end of a handshake.
        if client.channel?.hasBufferedInput == true { readInput(client) }
        if server.channel?.hasBufferedInput == true { readInput(server) }
    }

    private var idleTimeout: Duration {
        let own = endpoint.limits.tcpIdleTimeout
        return own > .zero ? own : worker.limits.idleTimeout
    }

    private func other(_ leg: Leg) -> Leg { leg === client ? server : client }

    private func readInput(_ leg: Leg) {
        let worker = worker
        var buffer = worker.takeReadBuffer()
        defer { worker.giveReadBuffer(&buffer) }
        while state == .open, !leg.hasEnded, leg.channel != nil {
            var span = buffer.mutableSpan
            switch leg.channel?.read(into: &span) {
            case .moved(let count): pass(buffer.span.extracting(0..<count), from: leg)
            case .wouldBlock: return
            case .ended:
                leg.hasEnded = true
                leg.channel?.pauseReading(true, on: worker.loop)
                passEnd(of: leg)
            case .failed, nil: failed(leg.isClient ? .downstreamTermination : .upstreamTermination, failure(leg))
            }
            guard leg.channel?.hasBufferedInput == true else { return }
        }
    }

    private func failure(_ leg: Leg) -> String { leg.channel?.failure ?? "" }

    private func pass(_ bytes: Span<UInt8>, from leg: Leg) {
        if leg.isClient { log.bytesReceived += bytes.count } else { log.bytesSent += bytes.count }
        let target = other(leg)
        flushed(target, target.channel?.flush(&target.output, then: bytes, on: worker.loop) == true)
    }

    /// Sends what waits on `leg`.
    private func flush(_ leg: Leg) { flushed(leg, leg.channel?.flush(&leg.output, on: worker.loop) == true) }

    /// Reads from the leg that is not `leg` only as fast as that goes.
    private func flushed(_ leg: Leg, _ isAlive: Bool) {
        guard isAlive else {
            return failed(leg.isClient ? .downstreamTermination : .upstreamTermination, failure(leg))
        }
        let source = other(leg)
        if source.hasEnded { return passEnd(of: source) }
        let isPaused = leg.channel?.isWriteBlocked == true
        let wasPaused = source.channel?.isReadingPaused ?? false
        source.channel?.pauseReading(isPaused, on: worker.loop)
        if wasPaused, !isPaused, source.channel?.hasBufferedInput == true { readInput(source) }
    }

    /// Tells the other leg that this one has ended, once everything of it was sent.
    private func passEnd(of leg: Leg) {
        let target = other(leg)
        guard state == .open, !leg.hasFinished, target.output.isEmpty else { return }
        leg.hasFinished = true
        target.channel?.finishSending(on: worker.loop)
        if client.hasFinished && server.hasFinished { close() }
    }

    func timerFired(_ timer: TimerID) {
        self.timer = nil
        if state == .connecting {
            worker.handshakeFailed(to: endpoint, server.channel?.delay ?? "")
            return failed(.upstreamConnectionFailure, "connection timeout")
        }
        if worker.loop.now >= min(deadline, end) {
            log.details = worker.loop.now >= end ? "listener_drained" : "idle_timeout"
            return close()
        }
        client.output.releaseMemory()
        server.output.releaseMemory()
        self.timer = worker.loop.schedule(after: worker.limits.sweepInterval, self)
    }

    private func failed(_ flag: ResponseFlag, _ cause: String) {
        guard state != .closed else { return }
        log.flag = flag
        log.upstreamFailure = cause
        // A lost connection looks lost from the other end too.
        client.channel?.resetOnClose()
        server.channel?.resetOnClose()
        close()
    }

    func close() {
        guard state != .closed else { return }
        state = .closed
        endpoint.load -= 1
        if let timer { worker.loop.cancel(timer) }
        timer = nil
        for leg in [client, server] { leg.channel.take()?.close(on: worker.loop) }
        worker.finished(log, info, cluster: cluster)
        worker.remove(self)
    }

    /// The server that the connection came to is no longer there: it may go on for a while, but not for ever.
    private func drain() { end = min(end, worker.loop.now + worker.limits.drainTimeout) }

    func inboundPolicyChanged() {
        if info.isAllowed(by: worker.tables) { return }
        if info.direction == .gateway { return drain() }
        worker.telemetry.log.info("closed: inbound \(info.peer) -> \(info.target): plaintext is no longer allowed")
        failed(.noRoute, "plaintext is no longer allowed")
    }

    var isIdle: Bool { false }
}
