public import Network
internal import Synchronization

/// Accepts connections and serves each on a task of its own, a bounded number of them at a time.
public struct ConnectionLoop: Sendable {
    private let listener: AsyncListener
    private let limit: Int

    /// - Parameter limit: Connections at a time; more wait in the listener's queue.
    public init(_ listener: AsyncListener, limit: Int) {
        self.listener = listener
        self.limit = limit
    }

    /// Runs until the task is cancelled or the listener closed; then the connections that are open are cancelled.
    ///
    /// - Parameter serve: Must close the connection, or let go of it.
    public func run(_ serve: @escaping @Sendable (AsyncConnection) async -> Void) async throws {
        let slots = Slots(free: limit)
        try await withThrowingDiscardingTaskGroup { group in
            defer { group.cancelAll() }
            while true {
                await slots.take()
                let connection = try await listener.accept()
                group.addTask {
                    await serve(connection)
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
        func take() async {
            while !Task.isCancelled {
                let isTaken = free.withLock { free in
                    guard free > 0 else { return false }
                    free -= 1
                    return true
                }
                if isTaken { return }
                await returned.wait()
            }
        }

        func putBack() {
            free.withLock { $0 += 1 }
            returned.signal()
        }
    }
}
