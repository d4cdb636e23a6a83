public import Network
internal import Synchronization

/// Accepts connections and serves each on a task of its own, a bounded number of them at a time.
public struct ConnectionLoop: Sendable {
    /// How long a connection may be silent before it makes room for another: enough for an honest client's TLS handshake.
    static let grace = Duration.seconds(1)

    private let listener: AsyncListener
    private let limit: Int
    private let grace: Duration

    /// - Parameter limit: Connections at a time. One more takes the place of the longest silent one
    ///   (``SilentConnections``), or waits until there is one; the rest waits in the listener's queue.
    public init(_ listener: AsyncListener, limit: Int) { self.init(listener, limit: limit, grace: Self.grace) }

    init(_ listener: AsyncListener, limit: Int, grace: Duration) {
        self.listener = listener
        self.limit = limit
        self.grace = grace
    }

    /// Runs until the task is cancelled or the listener closed; then the connections that are open are cancelled.
    ///
    /// - Parameter serve: Must close the connection, or let go of it, and keep its seat while it answers a request.
    public func run(_ serve: @escaping @Sendable (AsyncConnection, ConnectionSeat) async -> Void) async throws {
        let slots = Slots(free: limit)
        let silent = SilentConnections()
        try await withThrowingDiscardingTaskGroup { group in
            defer { group.cancelAll() }
            while true {
                let connection = try await listener.accept()
                await slots.take { silent.closeOldest(after: grace, at: .now) ?? grace }
                let seat = ConnectionSeat(among: silent) { connection.close() }
                group.addTask {
                    await serve(connection, seat)
                    seat.release()
                    slots.putBack()
                }
            }
        }
    }

    /// How many more connections there may be; only the accepting task takes.
    private final class Slots: Sendable {
        private let free: Mutex<Int>
        private let returned = Signal()

        init(free: Int) { self.free = Mutex(free) }

        /// Waits for a free slot, or until the task is cancelled.
        ///
        /// - Parameter makeRoom: Tries to free one, and tells when to try again at the latest.
        func take(_ makeRoom: () -> Duration) async {
            while !Task.isCancelled {
                let isTaken = free.withLock { free in
                    guard free > 0 else { return false }
                    free -= 1
                    return true
                }
                if isTaken { return }
                await waitForReturn(atMost: makeRoom())
            }
        }

        private func waitForReturn(atMost patience: Duration) async {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.returned.wait() }
                group.addTask { try? await Task.sleep(for: patience) }
                await group.next()
                group.cancelAll()
            }
        }

        func putBack() {
            free.withLock { $0 += 1 }
            returned.signal()
        }
    }
}
