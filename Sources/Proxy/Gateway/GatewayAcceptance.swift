internal import Base
internal import Discovery
internal import EventLoop
internal import HTTP
internal import TLS

/// A gateway's connection between its arrival and the moment it is known how to treat it.
///
/// Until a whole ClientHello is there nothing is kept of what the client sends: the kernel has it, and bounds it.
final class GatewayAcceptance: ChannelHolder, CarryingAcceptance {
    private enum State: Equatable {
        /// A proxy before this one has to say whom it speaks for.
        case introducing
        case looking
        /// The server's certificate or roots are on their way; what is to be said if they do not come.
        case equipping(String)
        case handshaking, closed
    }

    let info: ConnectionInfo
    private let place: GatewayTables.Place
    var timer: TimerID?
    private var state = State.looking
    /// The place among those that say nothing, or among those that shake hands.
    private var ticket: Int?
    /// Looking again makes sense when there are so many octets.
    private var wanted = 1
    var equipping: String?

    init(_ worker: Worker, _ channel: consuming Channel, _ info: ConnectionInfo, _ place: GatewayTables.Place) {
        self.info = info
        self.place = place
        super.init(worker, channel)
    }

    /// Waits for the first bytes if they matter, and hands the connection on.
    func start() {
        guard let listener else { return close() }
        if worker.tables.gateway?.expectsIntroduction == true {
            state = .introducing
        } else if !listener.chooser.looksForTLS {
            // There is nothing to be learnt, and a server of bytes may be the one to speak first.
            return choosePlaintext(listener)
        }
        worker.add(self)
        let (ticket, surplus) = worker.silent.add(self)
        self.ticket = ticket
        surplus?.makeRoom()
        // One time for everything, so that no client gains by dividing it.
        timer = worker.loop.schedule(after: worker.limits.handshakeTimeout, self)
        _ = watchForMore()
    }

    var isClosed: Bool { state == .closed }

    private var listener: GatewayTables.Listener? { worker.tables.gateway?.listeners[place] }

    func becameReady(_ readiness: Readiness) {
        switch state {
        case .introducing, .looking: look()
        case .handshaking: proceedHandshake()
        case .equipping, .closed: break
        }
    }

    // Choosing

    func judge(_ bytes: Span<UInt8>, isFull: Bool) {
        guard bytes.count >= wanted else { return }
        guard let listener else { return close() }
        if state == .introducing { return judgeIntroduction(bytes, listener) }
        switch ClientHello.inspect(bytes) {
        case .tooLarge: refuseTooLarge()
        case .needsMore where isFull: refuseTooLarge()
        case .needsMore(let count): wanted = count
        case .hello(let hello): choose(hello, listener)
        case .notTLS: choosePlaintext(listener, isBrokenTLS: bytes[0] == ClientHello.firstOctet)
        }
    }

    /// Takes what a proxy before this one says out of the connection, and goes on with the rest.
    private func judgeIntroduction(_ bytes: Span<UInt8>, _ listener: GatewayTables.Listener) {
        switch ProxyProtocol.judge(bytes) {
        case .needsMore(let count): wanted = count
        case .refused(let reason): refuse(reason, details: "proxy_protocol_expected")
        case .introduced(let count, let source):
            var introduction = [UInt8](repeating: 0, count: count)
            var span = introduction.mutableSpan
            guard case .moved(count)? = channel?.read(into: &span) else { return close() }
            if let source { info.peer = source }
            (state, wanted) = (.looking, 1)
            if listener.chooser.looksForTLS { look() } else { choosePlaintext(listener) }
        }
    }

    func endedUndecided() { close() }

    private func refuseTooLarge() {
        refuse("the ClientHello is too large", details: "client_hello_too_large")
    }

    private func choosePlaintext(_ listener: GatewayTables.Listener, isBrokenTLS: Bool = false) {
        guard let index = listener.chooser.choose(.plaintext) else {
            let reason =
                isBrokenTLS
                ? "a ClientHello that cannot be read: a length in it is wrong, or its SNI is no name of at most 255 octets"
                : "plaintext where only TLS is spoken"
            return refuse(reason, details: "filter_chain_not_found")
        }
        serve(listener.chains[index])
    }

    private func choose(_ hello: ClientHello, _ listener: GatewayTables.Listener) {
        info.serverName = hello.serverName ?? ""
        let opening = ChainChooser.Opening.hello(
            serverName: hello.serverName,
            applicationProtocols: hello.applicationProtocols
        )
        guard let index = listener.chooser.choose(opening) else {
            return refuse("no server for \(serverName)", details: "filter_chain_not_found")
        }
        let chain = listener.chains[index]
        if case .terminate(let tls) = chain.configuration.transport {
            terminate(tls, chain)
        } else {
            serve(chain)
        }
    }

    private var serverName: String { info.serverName.isEmpty ? "clients without SNI" : "SNI \(info.serverName)" }

    // TLS

    private func terminate(_ tls: ServerTLS, _ chain: GatewayTables.Chain) {
        info.chain = chain
        switch worker.tables.gateway?.credentials.server(for: tls) {
        case .ready(let context):
            giveTicketBack()
            let (ticket, surplus) = worker.handshaking.add(self)
            self.ticket = ticket
            surplus?.makeRoom()
            state = .handshaking
            channel?.beginTLS(context)
            guard channel?.register(on: worker.loop, self) == true else { return close() }
            proceedHandshake()
        case .unusable(let reason):
            if awaitSecret(of: tls, reason) { return }
            // The reason was logged when it came up; once for each connection would bury it.
            refuse(reason, details: "certificate_missing", isKnown: true)
        case nil: close()
        }
    }

    /// Waits for a secret that has not come yet, as when a Gateway names another one; false when there is none to wait for.
    private func awaitSecret(of tls: ServerTLS, _ reason: String) -> Bool {
        guard let name = worker.tables.awaitedSecret(of: tls) else { return false }
        state = .equipping(reason)
        channel?.unregister(from: worker.loop)
        worker.wait(for: .credential(name), self)
        return true
    }

    func configurationArrived(isThere: Bool) {
        if let equipping { return secretArrived(for: equipping, isThere: isThere) }
        guard case .equipping(let reason) = state else { return }
        // From the beginning: what came may have changed which server it is.
        state = .looking
        guard isThere else { return refuse(reason, details: "certificate_missing", isKnown: true) }
        _ = watchForMore()
    }

    private func proceedHandshake() {
        switch channel?.proceedHandshake(on: worker.loop) {
        case .done: handshakeEnded()
        case .inProgress, nil: break
        case .failed(_, let cause): handshakeFailed(cause)
        }
    }

    private func handshakeEnded() {
        guard let chain = info.chain, let agreed = channel?.tlsInfo else { return close() }
        info.tls = DownstreamTLS(agreed)
        if let certificate = agreed.peerCertificate { note(certificate) }
        serve(chain)
    }

    /// Remembers who the client is.
    private func note(_ certificate: Certificate) {
        let names = certificate.alternativeNames
        info.isMutualTLS = true
        info.certificate = certificate
        info.principal = names.uris.first ?? ""
        info.callerElement = Array(
            ForwardedClientCert.element(
                receiver: receiver,
                caller: .init(
                    hash: certificate.fingerprint,
                    certificate: PercentEncoding.encode(certificate.pem),
                    subject: certificate.subject,
                    uris: names.uris,
                    dnsNames: names.dnsNames
                )
            ).utf8
        )
        worker.telemetry.metrics.mutualTLSAccepted += 1
    }

    /// The name in the gateway's own certificate that clients have seen; only one of the mesh has such a name.
    private var receiver: String {
        guard case .terminate(let tls)? = info.chain?.configuration.transport, tls.certificates == .workload else {
            return ""
        }
        return worker.tables.credentials?.name ?? ""
    }

    private func handshakeFailed(_ cause: String) {
        let origin = info.chain?.configuration.origin ?? ""
        worker.telemetry.report(
            "TLS handshake failed: gateway \(info.peer) -> \(info.target), \(serverName): \(cause) (\(origin))"
        )
        noteHandshakeFailure(cause)
        closeAfterAlert()
    }

    // Handing on

    private func serve(_ chain: GatewayTables.Chain) {
        info.chain = chain
        info.reason = chain.configuration.origin
        switch chain.configuration.content {
        case .http(let routes):
            guard let channel = take() else { return }
            HTTPServing.start(worker, channel, info, RequestRouter(table: routes, of: info, worker.tables))
        case .bytes(let destinations): carry(to: destinations.pick(&worker.random))
        }
    }

    /// Where bytes go was decided before the wait; with its server gone, they go nowhere.
    func inboundPolicyChanged() { if equipping != nil, !info.isAllowed(by: worker.tables) { close() } }

    func carry(to name: String) {
        guard let pool = worker.pool(named: name) else {
            return refuse("destination \(name) is not there", flag: .noCluster, details: "cluster_not_found")
        }
        if let named = pool.named {
            guard let channel = take() else { return }
            return NamedTunnel(worker, channel, info, pool, named).start()
        }
        let hash = pool.destination.affinity?.hash(ofConnectionFrom: info.peer.ip)
        guard let endpoint = pool.pick(original: info.target, hash: hash, at: worker.loop.now, &worker.random) else {
            let refusal = pool.destination.refusal
            let reason = refusal.isEmpty ? "\(name) has no endpoint" : refusal
            return refuse(reason, flag: .noHealthyUpstream, details: "no_healthy_upstream")
        }
        if let security = endpoint.security, security.context == nil {
            giveTicketBack()
            if awaitSecret(of: pool.destination) { return }
        }
        guard let channel = take() else { return }
        ByteTunnel(worker, channel, info, to: endpoint, cluster: name).start()
    }

    /// Closes with what the client has sent unread, which the client sees as a reset.
    private func refuse(
        _ reason: String,
        flag: ResponseFlag = .noRoute,
        details: String,
        isKnown: Bool = false
    ) {
        info.reason = reason
        if !isKnown { worker.telemetry.report("refused: gateway \(info.peer) -> \(info.target): \(reason)") }
        finishLog(flag, details: details)
        channel?.resetOnClose()
        close()
    }

    func timerFired(_ timer: TimerID) {
        self.timer = nil
        let seconds = worker.limits.handshakeTimeout.components.seconds
        switch state {
        case .introducing:
            refuse("no proxy has introduced the client for \(seconds) s", details: "listener_filter_timeout")
        case .looking: refuse("the client said nothing to go by for \(seconds) s", details: "listener_filter_timeout")
        case .equipping(let reason): refuse(reason, details: "certificate_missing", isKnown: true)
        case .handshaking: handshakeFailed("the client was silent for \(seconds) s in the handshake")
        case .closed: break
        }
    }

    var isIdle: Bool { equipping == nil && (state == .looking || state == .introducing) }

    private var isEquipping: Bool {
        if case .equipping = state { true } else { equipping != nil }
    }

    private func giveTicketBack() {
        guard let ticket else { return }
        if state == .handshaking { worker.handshaking.remove(ticket) } else { worker.silent.remove(ticket) }
        self.ticket = nil
    }

    /// There are too many others: this one has had the most time, and has not used it.
    private func makeRoom() {
        if state == .handshaking { return handshakeFailed("given up for a newer one, as there were too many") }
        refuse("given up for a newer one, as too many said nothing", flag: .overloaded, details: "overload")
    }

    func ended() {
        giveTicketBack()
        if isEquipping { worker.stopWaiting(self) }
        state = .closed
    }
}
