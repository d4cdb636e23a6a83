internal import Base
internal import Discovery
internal import EventLoop
internal import HTTP

/// An outbound connection of the application between its arrival and the moment it is known where it goes.
final class OutboundAcceptance: ChannelHolder, CarryingAcceptance {
    private enum State { case routing, looking, closed }

    let info: ConnectionInfo
    var timer: TimerID?
    private var state = State.routing
    /// Where requests go, on ports where they are told apart from other bytes.
    private var listener: HTTPListener?
    /// Where other bytes go.
    private var routes = ServerNameRoutes(other: [])
    /// Octets without which looking again is no use.
    private var wanted = 1
    var equipping: String?

    init(_ worker: Worker, _ channel: consuming Channel, _ info: ConnectionInfo) {
        self.info = info
        super.init(worker, channel)
    }

    /// Finds the route of the original destination, asking the control plane when it is not known yet.
    func start() {
        worker.add(self)
        if let route = worker.tables.route(to: info.target) { return follow(route) }
        worker.wait(for: .address(info.target.ip.description, port: info.target.port), self)
    }

    func configurationArrived(isThere: Bool) {
        if let equipping { return secretArrived(for: equipping, isThere: isThere) }
        guard state == .routing else { return }
        guard isThere, let route = worker.tables.route(to: info.target) else {
            return refuse("the control plane did not say in time what \(info.target) is", flag: .noCluster, cluster: "")
        }
        follow(route)
    }

    private func follow(_ route: AddressRoute) {
        switch route {
        case .http(let listener): serve(listener)
        case .tcp(let destinations): carry(toOneOf: destinations)
        case .tls(let routes) where routes.routes.isEmpty: carry(toOneOf: routes.other)
        case .tls(let routes): look(for: nil, routes)
        case .passthrough: carry(to: "PassthroughCluster")
        case .blackHole: carry(to: "BlackHoleCluster")
        case .auto(let listener, let other): look(for: listener, other)
        }
    }

    /// Waits for the first bytes.
    private func look(for listener: HTTPListener?, _ routes: ServerNameRoutes) {
        (self.listener, self.routes) = (listener, routes)
        state = .looking
        guard watchForMore([.readable, .peerClosed]) else { return }
        timer = worker.loop.schedule(after: patience > .zero ? patience : worker.limits.idleTimeout, self)
    }

    /// How long a silent client is waited for before its bytes are taken for none that are known; zero for ever.
    private var patience: Duration { worker.tables.content.mesh.protocolDetectionTimeout }

    func becameReady(_ readiness: Readiness) {
        if state == .looking { look(isAll: readiness.contains(.peerClosed)) }
    }

    func endedUndecided() { carry(toOneOf: routes.other) }

    func judge(_ bytes: Span<UInt8>, isFull: Bool) {
        guard bytes.count >= wanted || isFull else { return }
        switch OutboundBytes.judge(bytes, routes, looksForHTTP: listener != nil) {
        case .http: if let listener { serve(listener) }
        case .bytes(let destinations, let serverName):
            info.serverName = serverName ?? ""
            carry(toOneOf: destinations)
        case .needsMore where isFull: carry(toOneOf: routes.other)
        case .needsMore(let count): wanted = count
        }
    }

    func timerFired(_ timer: TimerID) {
        self.timer = nil
        if patience > .zero { carry(toOneOf: routes.other) } else { close() }
    }

    private func serve(_ listener: HTTPListener) {
        guard let channel = take() else { return }
        HTTPServing.start(worker, channel, info, RequestRouter(listener: listener))
    }

    private func carry(toOneOf destinations: [WeightedDestination]) {
        guard !destinations.isEmpty else {
            return refuse("its route has no destination", flag: .noCluster, cluster: "")
        }
        carry(to: destinations.pick(&worker.random))
    }

    /// Carries bytes to the destination of that name, or to what Istio's two names for unknown ones mean.
    func carry(to name: String) {
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
        if let named = pool.named {
            guard let channel = take() else { return }
            return NamedTunnel(worker, channel, info, pool, named).start()
        }
        let hash = pool.destination.affinity?.hash(ofConnectionFrom: info.peer.ip)
        guard let endpoint = pool.pick(original: info.target, hash: hash, at: worker.loop.now, &worker.random) else {
            let refusal = pool.destination.refusal
            if !refusal.isEmpty { return refuse(refusal, flag: .upstreamConnectionFailure, cluster: name) }
            return refuse("\(name) has no endpoint", flag: .noHealthyUpstream, cluster: name)
        }
        info.reason = endpoint.decision
        if let security = endpoint.security, security.context == nil, awaitSecret(of: pool.destination) { return }
        guard let channel = take() else { return }
        ByteTunnel(worker, channel, info, to: endpoint, cluster: name).start()
    }

    private func refuse(_ reason: String, flag: ResponseFlag, cluster: String) {
        info.reason = reason
        worker.telemetry.log.info("refused: outbound \(info.peer) -> \(info.target): \(reason)")
        finishLog(flag, cluster: cluster)
        // An orderly end: a reset so early would look to the application as if the connection had never been made.
        close()
    }

    var isClosed: Bool { state == .closed }

    func ended() {
        state = .closed
        worker.stopWaiting(self)
    }

    var isIdle: Bool { false }
}
