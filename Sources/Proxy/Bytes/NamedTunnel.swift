internal import Base
internal import Discovery
internal import EventLoop

/// Bytes of TLS on their way to the server name that the client sent, until it is known where that is.
final class NamedTunnel: ChannelHolder, ConfigurationWaiter, NameWaiter, WorkerConnection {
    private let info: ConnectionInfo
    private var pool: DestinationPool
    private var named: NamedEndpoints
    /// Whether a secret of the destination did not come in time, which is not waited for again.
    private var isSecretMissing = false

    init(
        _ worker: Worker,
        _ channel: consuming Channel,
        _ info: ConnectionInfo,
        _ pool: DestinationPool,
        _ named: NamedEndpoints
    ) {
        (self.info, self.pool, self.named) = (info, pool, named)
        super.init(worker, channel)
    }

    /// Looks the name up, and carries the bytes there, or resets the connection.
    func start() {
        // Nothing is read while there is nowhere to send it; the kernel bounds what waits.
        channel?.unregister(from: worker.loop)
        worker.add(self)
        go()
    }

    func nameArrived() { if channel != nil { go() } }

    func configurationArrived(isThere: Bool) {
        guard channel != nil else { return }
        isSecretMissing = !isThere
        // With its secret the destination has become another.
        guard let pool = worker.pool(named: pool.name), let named = pool.named else {
            return refuse("destination \(pool.name) is not there", .noCluster)
        }
        (self.pool, self.named) = (pool, named)
        go()
    }

    private func go() {
        guard RequestedHost.isName(info.serverName), named.covers(info.serverName) else {
            let name = info.serverName.isEmpty ? "no server name" : "server name \(info.serverName)"
            return refuse("the client asks for \(name), and only \(named.pattern) is known", .noRoute)
        }
        if !isSecretMissing, let secret = pool.destination.tls.flatMap(worker.tables.awaitedSecret) {
            return worker.wait(for: .credential(secret), self)
        }
        switch worker.names.addresses(of: info.serverName, for: self) {
        case .unknownYet: break
        case .failure(let reason): refuse(reason, .nameResolutionFailed)
        case .overflow: refuse("too many names are being looked up", .upstreamOverflow)
        case .addresses(let addresses):
            let endpoint = named.pick(info.serverName, addresses)
            info.reason = endpoint.decision
            worker.remove(self)
            guard let channel = channel.take() else { return }
            ByteTunnel(worker, channel, info, to: endpoint, cluster: pool.name).start()
        }
    }

    private func refuse(_ reason: String, _ flag: ResponseFlag) {
        info.reason = reason
        worker.telemetry.report("refused: \(info.peer) -> \(info.target): \(reason)")
        var log = ExchangeLog()
        log.begin(at: worker.loop.now)
        log.flag = flag
        worker.finished(log, info, cluster: pool.name)
        channel?.resetOnClose()
        close()
    }

    func close() {
        worker.stopWaiting(self)
        worker.remove(self)
        channel = nil
    }

    var isIdle: Bool { false }

    func inboundPolicyChanged() { if !info.isAllowed(by: worker.tables) { close() } }
}
