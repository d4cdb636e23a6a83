internal import Base
internal import EventLoop

/// Accepts the connections of one listener of a gateway, on one worker; workers share the port.
final class GatewayPort: ReadinessHandler {
    let place: GatewayTables.Place
    private unowned let worker: Worker
    private let socket: Socket
    private var registration: Registration?

    /// Connections accepted at one go, so that others get their turn.
    private static let batch = 64

    init(_ worker: Worker, _ place: GatewayTables.Place, _ socket: consuming Socket) {
        self.worker = worker
        self.place = place
        self.socket = socket
    }

    func start() throws(SystemError) { registration = try worker.loop.add(socket.descriptor, .readable, self) }

    func stop() {
        if let registration { worker.loop.remove(registration) }
        registration = nil
    }

    func becameReady(_ readiness: Readiness) {
        var peer = SocketAddress(.any, port: 0)
        for _ in 0..<Self.batch {
            do {
                guard let accepted = try socket.accept(peer: &peer) else { return }
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
        guard let local = channel.localAddress else { return }
        let target = SocketAddress(local.ip.unmapped, port: local.port)
        GatewayAcceptance(worker, channel, ConnectionInfo(.gateway, peer: peer, target: target), place).start()
    }
}

/// The ports of a gateway on one worker.
struct GatewayPorts {
    private var ports: [GatewayTables.Place: GatewayPort] = [:]

    /// Takes over a listening socket.
    mutating func open(_ place: GatewayTables.Place, _ socket: consuming Socket, on worker: Worker) {
        let port = GatewayPort(worker, place, socket)
        do {
            try port.start()
            ports[place] = port
        } catch {
            worker.telemetry.log.error("cannot listen on \(place): \(error)")
        }
    }

    /// Closes the ports that the configuration no longer has; connections that came through them are not touched.
    mutating func close(except tables: GatewayTables?) {
        for (place, port) in ports where tables?.listeners[place] == nil {
            port.stop()
            ports[place] = nil
        }
    }
}
