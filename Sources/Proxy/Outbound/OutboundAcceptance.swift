internal import Base
internal import Discovery
internal import EventLoop
internal import HTTP

/// An outbound connection of the application between its arrival and the moment it is known where it goes.
final class OutboundAcceptance: ReadinessHandler, TimerHandler, WorkerConnection, ConfigurationWaiter {
    private enum State { case routing, looking, closed }

    private let worker: Worker
    private let info: ConnectionInfo
    private var channel: Channel?
    private var state = State.routing
    private var timer: TimerID?
    /// Where an undeclared protocol goes, when it is HTTP and when it is not.
    private var alternatives: (HTTPListener, other: ServerNameRoutes)?

    init(_ worker: Worker, _ channel: consuming Channel, _ info: ConnectionInfo) {
        self.worker = worker
        self.info = info
        self.channel = consume channel
    }

    /// Finds the route of the original destination, asking the control plane when it is not known yet.
    func start() {
        worker.add(self)
        if let route = worker.tables.route(to: info.target) { return follow(route) }
        worker.wait(for: .address(info.target.ip.description, port: info.target.port), self)
    }

    func configurationArrived(isThere: Bool) {
        guard state == .routing else { return }
        guard isThere, let route = worker.tables.route(to: info.target) else {
            return refuse("the control plane did not say in time what \(info.target) is", flag: .noCluster, cluster: "")
        }
        follow(route)
    }

    private func follow(_ route: AddressRoute) {
        switch route {
        case .http(let listener): serve(listener)
        case .tcp(let destinations): carry(to: destinations[0].name)
        case .tls(let routes): carry(to: routes.other[0].name)
        case .passthrough: carry(to: "PassthroughCluster")
        case .blackHole: carry(to: "BlackHoleCluster")
        case .auto(let listener, let other):
            alternatives = (listener, other)
            state = .looking
            guard channel?.register(on: worker.loop, self, trigger: .edge) == true else { return close() }
            let patience = worker.tables.content.mesh.protocolDetectionTimeout
            if patience > .zero { timer = worker.loop.schedule(after: patience, self) }
        }
    }

    func becameReady(_ readiness: Readiness) {
        guard state == .looking, let alternatives else { return }
        let worker = worker
        var buffer = worker.takeReadBuffer()
        defer { worker.giveReadBuffer(&buffer) }
        var span = buffer.mutableSpan
        switch channel?.peek(into: &span) {
        case .moved(let count):
            switch HTTPSniffer.judge(buffer.span.extracting(0..<count)) {
            case .http1, .http2: serve(alternatives.0)
            case .other: carryOther()
            case .undecided: break
            }
        case .wouldBlock: break
        case .ended: carryOther()
        case .failed, nil: close()
        }
    }

    func timerFired(_ timer: TimerID) {
        self.timer = nil
        carryOther()
    }

    private func carryOther() {
        guard let alternatives else { return }
        carry(to: alternatives.other.other[0].name)
    }

    private func serve(_ listener: HTTPListener) {
        guard let channel = take() else { return }
        HTTPServing.start(worker, channel, info, RequestRouter(listener: listener))
    }

    /// Carries bytes to the destination of that name, or to what Istio's two names for unknown ones mean.
    private func carry(to name: String) {
        if name == "BlackHoleCluster" {
            return refuse(
                "outbound traffic policy is REGISTRY_ONLY and \(info.target) is no service",
                flag: .none,
                cluster: name
            )
        }
        guard let pool = name == "PassthroughCluster" ? worker.passthrough : worker.pool(named: name) else {
            return refuse("its route names destination \(name), which is not there", flag: .noCluster, cluster: name)
        }
        guard let endpoint = pool.pick(original: info.target, avoiding: nil, &worker.random) else {
            let refusal = pool.destination.refusal
            if !refusal.isEmpty { return refuse(refusal, flag: .upstreamConnectionFailure, cluster: name) }
            return refuse("\(name) has no endpoint", flag: .noHealthyUpstream, cluster: name)
        }
        info.reason = endpoint.decision
        guard let channel = take() else { return }
        ByteTunnel(worker, channel, info, to: endpoint, cluster: name).start()
    }

    /// Gives the channel away; this object is done.
    private func take() -> Channel? {
        guard state != .closed else { return nil }
        end()
        return channel.take()
    }

    private func refuse(_ reason: String, flag: ResponseFlag, cluster: String) {
        info.reason = reason
        worker.telemetry.log.info("refused: outbound \(info.peer) -> \(info.target): \(reason)")
        var log = ExchangeLog()
        log.begin(at: worker.loop.now)
        log.flag = flag
        worker.finished(log, info, cluster: cluster)
        // An orderly end: a reset so early would look to the application as if the connection had never been made.
        close()
    }

    private func end() {
        state = .closed
        if let timer { worker.loop.cancel(timer) }
        timer = nil
        worker.stopWaiting(self)
        worker.remove(self)
    }

    func inboundPolicyChanged() {}

    var isIdle: Bool { false }

    func close() {
        guard state != .closed else { return }
        end()
        channel?.unregister(from: worker.loop)
        channel = nil
    }
}
