import Base
import Network
import Synchronization

/// Carries bytes between proxies and a server until it is told to cut them off.
final class Relay: Sendable {
    private struct State {
        var isOpen = true
        /// Octets that still go to the client before every connection is cut; nil for no end.
        var allowance: Int?
        var connections: [AsyncConnection] = []
        /// How often somebody came while it was closed.
        var refused = 0
    }

    private let listener: AsyncListener
    private let server: SocketAddress
    private let state = Mutex(State())

    var port: UInt16 { listener.address.port }
    var refused: Int { state.withLock(\.refused) }

    init(to server: SocketAddress) throws {
        listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0))
        self.server = SocketAddress(.loopback, port: server.port)
    }

    func open() { state.withLock { ($0.isOpen, $0.allowance) = (true, nil) } }

    /// Cuts all connections, and every one to come.
    func close() { cut { $0.isOpen = false } }

    /// Closes as soon as that many more octets have gone to clients, wherever in a message that is.
    func closeAfter(octets: Int) { state.withLock { ($0.isOpen, $0.allowance) = (true, octets) } }

    private func cut(_ body: (inout State) -> Void) {
        let connections = state.withLock { state in
            body(&state)
            defer { state.connections = [] }
            return state.connections
        }
        for connection in connections { connection.close() }
    }

    /// Serves until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled, let client = try? await listener.accept() {
                group.addTask { try? await self.carry(client) }
            }
        }
    }

    private func carry(_ client: AsyncConnection) async throws {
        let upstream = try await AsyncConnection.connect(to: server)
        let isWelcome = state.withLock { state in
            if !state.isOpen { state.refused += 1 } else { state.connections += [client, upstream] }
            return state.isOpen
        }
        guard isWelcome else { return client.close() }
        await withDiscardingTaskGroup { group in
            group.addTask {
                defer { upstream.close() }
                while let bytes = try? await client.read(), !bytes.isEmpty { try? await upstream.write(bytes) }
            }
            group.addTask {
                defer { client.close() }
                while let bytes = try? await upstream.read(), !bytes.isEmpty {
                    let (count, isLast) = self.take(bytes.count)
                    try? await client.write(Array(bytes.prefix(count)))
                    if isLast { return self.close() }
                }
            }
        }
    }

    /// How many of that many octets may go to the client, and whether they are the last.
    private func take(_ count: Int) -> (Int, Bool) {
        state.withLock { state in
            guard let allowance = state.allowance else { return (count, false) }
            state.allowance = max(0, allowance - count)
            return (min(count, allowance), count >= allowance)
        }
    }
}
