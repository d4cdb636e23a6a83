internal import Base
internal import Discovery
internal import EventLoop
internal import TLS

/// An inbound connection between its arrival and the moment it is known how to treat it.
final class InboundAcceptance: ChannelHolder, Acceptance {
    private enum State { case looking, handshaking, closed }

    let info: ConnectionInfo
    var timer: TimerID?
    private var state = State.looking
    private var chain = InboundChain.bytes
    private var credentials: Credentials?

    init(_ worker: Worker, _ channel: consuming Channel, _ info: ConnectionInfo) {
        self.info = info
        super.init(worker, channel)
    }

    /// Looks at the first bytes if the port's policy needs them, and hands the connection on.
    func start() {
        guard let port = worker.tables.policy(port: info.target.port) else {
            return refuse("no policy has arrived from the control plane yet", details: "policy_missing")
        }
        info.port = port
        guard InboundChain.looksForTLS(port.mode) || InboundChain.looksForHTTP(port.application, port.mode) else {
            return decide(.raw, isHTTP: false)
        }
        worker.add(self)
        guard watchForMore([.readable, .peerClosed]) else { return }
        let patience = worker.tables.content.mesh.protocolDetectionTimeout
        if patience > .zero { timer = worker.loop.schedule(after: patience, self) }
    }

    func becameReady(_ readiness: Readiness) {
        switch state {
        case .looking: look(isAll: readiness.contains(.peerClosed))
        case .handshaking: proceedHandshake()
        case .closed: break
        }
    }

    func judge(_ bytes: Span<UInt8>, isFull: Bool) {
        guard let port = info.port else { return }
        switch FirstBytes.judge(bytes, port.application, port.mode) {
        case .undecided: if isFull { endedUndecided() }
        case .decided(let transport, let isHTTP): decide(transport, isHTTP: isHTTP)
        }
    }

    /// A client that is done before it said what it is: bytes, few or none of them.
    func endedUndecided() {
        if info.port?.mode == .strict { return close() }
        decide(.raw, isHTTP: false)
    }

    var isClosed: Bool { state == .closed }
    func ended() { state = .closed }

    private func decide(_ transport: InboundChain.Transport, isHTTP: Bool) {
        // What holds now counts, not what held when the connection was accepted.
        guard let port = worker.tables.policy(port: info.target.port) else { return close() }
        info.port = port
        chain = InboundChain.select(port.application, port.mode, transport, isHTTP: isHTTP)
        let why = port.decision
        switch chain {
        case .refuse(let refusal): refuse("\(refusal.rawValue) (\(port.reason))", details: "filter_chain_not_found")
        case .plaintextHTTP, .bytes:
            info.reason = transport == .raw ? "plaintext: \(why)" : "TLS of the application, passed through: \(why)"
            handOn()
        case .mutualTLSHTTP, .mutualTLSBytes:
            info.reason = "mTLS: \(why)"
            beginHandshake()
        }
    }

    // Mutual TLS

    private func beginHandshake() {
        guard let credentials = worker.tables.credentials else {
            return refuse("this workload has no certificate yet", details: "certificate_missing")
        }
        self.credentials = credentials
        state = .handshaking
        if let timer { worker.loop.cancel(timer) }
        timer = worker.loop.schedule(after: worker.limits.handshakeTimeout, self)
        channel?.beginTLS(isServedAsHTTP ? credentials.httpServer : credentials.bytesServer)
        guard channel?.register(on: worker.loop, self) == true else { return close() }
        proceedHandshake()
    }

    private func proceedHandshake() {
        switch channel?.proceedHandshake(on: worker.loop) {
        case .done: handshakeEnded()
        case .inProgress, nil: break
        case .failed(_, let cause): handshakeFailed(cause)
        }
    }

    private func handshakeEnded() {
        guard let credentials, let agreed = channel?.tlsInfo, let certificate = agreed.peerCertificate else {
            return handshakeFailed("the client presented no certificate")
        }
        let caller = credentials.caller(certificate)
        info.isMutualTLS = true
        info.principal = caller.principal
        info.serverName = agreed.serverName ?? ""
        info.callerElement = caller.element
        worker.telemetry.metrics.mutualTLSAccepted += 1
        handOn()
    }

    private func handshakeFailed(_ cause: String) {
        worker.telemetry.log.warn(
            "TLS handshake failed: inbound \(info.peer) -> \(info.target): \(cause) (\(info.port?.reason ?? ""))"
        )
        noteHandshakeFailure(cause)
        closeAfterAlert()
    }

    // Handing on

    private func handOn() {
        guard let port = info.port, let channel = take() else { return }
        let application = worker.application(info.target, port: port)
        if isServedAsHTTP {
            HTTPServing.start(worker, channel, info, application.router)
        } else {
            let pool = application.pool
            guard let endpoint = pool.pick(original: info.target, at: worker.loop.now, &worker.random) else { return }
            ByteTunnel(worker, channel, info, to: endpoint, cluster: pool.name).start()
        }
    }

    /// Whether requests are told apart.
    private var isServedAsHTTP: Bool { chain == .plaintextHTTP || chain == .mutualTLSHTTP }

    private func refuse(_ reason: String, details: String) {
        info.reason = reason
        worker.telemetry.log.info("refused: inbound \(info.peer) -> \(info.target): \(reason)")
        finishLog(.noRoute, details: details)
        channel?.resetOnClose()
        close()
    }

    func timerFired(_ timer: TimerID) {
        self.timer = nil
        switch state {
        // A silent client ends in the chain for plain bytes, as Istio's listener goes on after its timeout.
        case .looking: decide(.raw, isHTTP: false)
        case .handshaking:
            handshakeFailed(
                "the client was silent for \(worker.limits.handshakeTimeout.components.seconds) s in the handshake"
            )
        case .closed: break
        }
    }

    var isIdle: Bool { state == .looking }
}

extension InboundPolicy.Port {
    /// The decision and who made it: `PeerAuthentication foo/default is STRICT`.
    var decision: String {
        let word =
            switch mode {
            case .disable: "DISABLE"
            case .permissive: "PERMISSIVE"
            case .strict: "STRICT"
            }
        return "\(reason) is \(word)"
    }
}
