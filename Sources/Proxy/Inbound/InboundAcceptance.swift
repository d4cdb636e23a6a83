internal import Base
internal import Discovery
internal import EventLoop
internal import TLS

/// An inbound connection between its arrival and the moment it is known how to treat it.
final class InboundAcceptance: ReadinessHandler, TimerHandler, WorkerConnection {
    private enum State { case looking, handshaking, closed }

    private let worker: Worker
    private let info: ConnectionInfo
    private var channel: Channel?
    private var state = State.looking
    private var timer: TimerID?
    private var chain = InboundChain.bytes
    private var credentials: Credentials?

    init(_ worker: Worker, _ channel: consuming Channel, _ info: ConnectionInfo) {
        self.worker = worker
        self.info = info
        self.channel = consume channel
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
        guard channel?.register(on: worker.loop, self, [.readable, .peerClosed], trigger: .edge) == true else {
            return close()
        }
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

    /// - Parameter isAll: Whether the client will send no more than it has.
    private func look(isAll: Bool) {
        guard let port = info.port else { return }
        let worker = worker
        var buffer = worker.takeReadBuffer()
        defer { worker.giveReadBuffer(&buffer) }
        var span = buffer.mutableSpan
        switch channel?.peek(into: &span) {
        case .moved(let count):
            switch FirstBytes.judge(buffer.span.extracting(0..<count), port.application, port.mode) {
            case .undecided: if isAll { clientEnded(port) }
            case .decided(let transport, let isHTTP): decide(transport, isHTTP: isHTTP)
            }
        case .wouldBlock: break
        case .ended: clientEnded(port)
        case .failed, nil: close()
        }
    }

    /// The client is done before it said what it is: bytes, few or none of them.
    private func clientEnded(_ port: InboundPolicy.Port) {
        if port.mode == .strict { return close() }
        decide(.raw, isHTTP: false)
    }

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
        let names = certificate.alternativeNames
        let caller = ForwardedClientCert.Caller(
            hash: certificate.fingerprint,
            subject: certificate.subject,
            uris: names.uris,
            dnsNames: names.dnsNames
        )
        info.isMutualTLS = true
        info.principal = credentials.principal(of: certificate)
        info.serverName = agreed.serverName ?? ""
        info.callerElement = Array(ForwardedClientCert.element(receiver: credentials.name, caller: caller).utf8)
        worker.telemetry.metrics.mutualTLSAccepted += 1
        handOn()
    }

    private func handshakeFailed(_ cause: String) {
        worker.telemetry.log.warn(
            "TLS handshake failed: inbound \(info.peer) -> \(info.target): \(cause) (\(info.port?.reason ?? ""))"
        )
        worker.telemetry.metrics.handshakesFailed += 1
        var log = ExchangeLog()
        log.begin(at: worker.loop.now)
        log.details = "downstream_transport_failure"
        log.upstreamFailure = cause
        worker.finished(log, info, cluster: "")
        close()
    }

    // Handing on

    private func handOn() {
        guard let port = info.port, let channel = take() else { return }
        let pool = worker.application(info.target, port: port)
        if isServedAsHTTP {
            HTTPServing.start(worker, channel, info, RequestRouter(application: pool))
        } else {
            guard let endpoint = pool.pick(original: info.target, at: worker.loop.now, &worker.random) else { return }
            ByteTunnel(worker, channel, info, to: endpoint, cluster: pool.name).start()
        }
    }

    /// Whether requests are told apart.
    private var isServedAsHTTP: Bool { chain == .plaintextHTTP || chain == .mutualTLSHTTP }

    /// Gives the channel away; this object is done.
    private func take() -> Channel? {
        guard state != .closed else { return nil }
        state = .closed
        if let timer { worker.loop.cancel(timer) }
        timer = nil
        worker.remove(self)
        return channel.take()
    }

    private func refuse(_ reason: String, details: String) {
        info.reason = reason
        worker.telemetry.log.info("refused: inbound \(info.peer) -> \(info.target): \(reason)")
        var log = ExchangeLog()
        log.begin(at: worker.loop.now)
        log.flag = .noRoute
        log.details = details
        worker.finished(log, info, cluster: "")
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

    func inboundPolicyChanged() {}

    var isIdle: Bool { state == .looking }

    func close() {
        guard state != .closed else { return }
        state = .closed
        if let timer { worker.loop.cancel(timer) }
        timer = nil
        channel?.unregister(from: worker.loop)
        channel = nil
        worker.remove(self)
    }
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
