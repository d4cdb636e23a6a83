internal import Base
internal import EventLoop

/// Accepts the connections of one direction, on one worker; workers share the port.
final class Listener: ReadinessHandler {
    let direction: ConnectionInfo.Direction
    private unowned let worker: Worker
    private let address: SocketAddress
    /// Where connections are taken to be going that were not redirected; nil refuses them, as they would come back for ever.
    private let fallback: SocketAddress?
    /// Whether clients connect to this very listener, and mean it.
    private let isDirect: Bool
    private var socket: Socket?
    /// The one of `address`, or what the system chose.
    private var port: UInt16
    private var registration: Registration?

    /// Connections accepted at one go, so that others get their turn.
    private static let batch = 64

    init(
        _ worker: Worker,
        _ direction: ConnectionInfo.Direction,
        _ address: SocketAddress,
        fallback: SocketAddress? = nil,
        isDirect: Bool = false
    ) {
        self.worker = worker
        self.direction = direction
        self.address = address
        port = address.port
        self.fallback = fallback
        self.isDirect = isDirect
    }

    func start() throws(SystemError) {
        let socket = try Socket.listening(on: address, sharesPort: true)
        port = try socket.localAddress.port
        registration = try worker.loop.add(socket.descriptor, .readable, self)
        self.socket = consume socket
    }

    func stop() {
        if let registration { worker.loop.remove(registration) }
        registration = nil
        socket = nil
    }

    func becameReady(_ readiness: Readiness) {
        var peer = SocketAddress(.any, port: 0)
        for _ in 0..<Self.batch {
            do {
                guard let accepted = try socket?.accept(peer: &peer) else { return }
                admit(Channel(accepted), SocketAddress(peer.ip.unmapped, port: peer.port))
            } catch {
                // Out of descriptors or memory: those who wait are served when others have ended.
                worker.telemetry.log.warn("cannot accept: \(error)")
                return
            }
        }
    }

    private func admit(_ channel: consuming Channel, _ peer: SocketAddress) {
        if worker.openConnections >= worker.limits.connections { return channel.resetOnClose() }
        guard let target = target(channel, peer) else {
            worker.telemetry.log.warn(
                "connection from \(peer) to \(address) was not redirected here: closed, else it would loop"
            )
            return
        }
        let info = ConnectionInfo(direction, peer: peer, target: target)
        switch direction {
        case .inbound: InboundAcceptance(worker, channel, info).start()
        case .outbound: OutboundAcceptance(worker, channel, info).start()
        case .gateway: break  // Has listeners of its own: ``GatewayPort``.
        }
    }

    /// Where the connection was going; nil when it was going to this very listener.
    private func target(_ channel: borrowing Channel, _ peer: SocketAddress) -> SocketAddress? {
        if isDirect { return channel.localAddress.map { SocketAddress($0.ip.unmapped, port: $0.port) } }
        guard let original = channel.originalDestination(from: peer.ip) else { return fallback }
        let target = SocketAddress(original.ip.unmapped, port: original.port)
        // A pod's proxy is never what its application wants to reach.
        let isOwn =
            target.port == port && (target.ip.isLoopback || target.ip == channel.localAddress?.ip.unmapped)
        return isOwn ? fallback : target
    }
}
