internal import Base
internal import EventLoop
internal import Synchronization

/// Opens the ports of a gateway for all its workers, and knows which could not be opened.
///
/// The workers close their own when the tables no longer have the place.
final class GatewayListening: Sendable {
    private struct State {
        var open: Set<GatewayTables.Place> = []
        /// Why a place could not be opened.
        var failed: [GatewayTables.Place: String] = [:]
    }

    private let state = Mutex(State())
    private let log = Log("gateway")

    /// Opens what `tables` has and was not open yet; call it after the workers were given the tables.
    func follow(_ tables: GatewayTables?, _ threads: [EventLoopThread<Worker>]) {
        let wanted = tables.map { Set($0.listeners.keys) } ?? []
        state.withLock { state in
            // The workers close theirs; the file is everybody's.
            for place in state.open.subtracting(wanted) { place.path.map(Socket.unlinkSocket) }
            state.open.formIntersection(wanted)
            state.failed = state.failed.filter { wanted.contains($0.key) }
            for place in wanted.subtracting(state.open) { open(place, threads, &state) }
        }
    }

    /// Tries again what could not be opened.
    ///
    /// - Returns: Whether anything of ``problems`` has changed.
    func retry(_ threads: [EventLoopThread<Worker>]) -> Bool {
        state.withLock { state in
            let before = state.failed
            for place in before.keys { open(place, threads, &state) }
            return state.failed != before
        }
    }

    /// Why places are not listened on.
    var problems: [GatewayTables.Place: String] { state.withLock(\.failed) }

    private func open(_ place: GatewayTables.Place, _ threads: [EventLoopThread<Worker>], _ state: inout State) {
        do {
            let sockets = try Self.listen(on: place, count: threads.count)
            for (thread, box) in zip(threads, sockets) {
                thread.submit { worker in
                    if let socket = box.take() { worker.listen(place, socket) }
                }
            }
            state.open.insert(place)
            if state.failed.removeValue(forKey: place) != nil { log.info("listening on \(place) after all") }
        } catch {
            let reason = "\(error)"
            if state.failed[place] != reason { log.error("cannot listen on \(place): \(reason)") }
            state.failed[place] = reason
        }
    }

    private static func listen(on place: GatewayTables.Place, count: Int) throws -> [SocketBox] {
        var sockets: [SocketBox] = []
        if let path = place.path {
            // Unix sockets cannot share a path: all take from one queue.
            let first = try Socket.listening(onPath: path)
            for _ in 1..<max(1, count) { sockets.append(SocketBox(try first.duplicate())) }
            sockets.append(SocketBox(first))
            return sockets
        }
        guard let address = place.socketAddress else {
            throw MeshError(.invalidConfiguration, "\(place.address) is neither an IP address nor a path")
        }
        for _ in 0..<count { sockets.append(SocketBox(try Socket.listening(on: address, sharesPort: true))) }
        return sockets
    }
}

/// Carries a socket to the thread that it is for.
private final class SocketBox: Sendable {
    private let socket: Mutex<Socket?>

    init(_ socket: consuming Socket) { self.socket = Mutex(socket) }

    func take() -> Socket? { socket.withLock { $0.take() } }
}
