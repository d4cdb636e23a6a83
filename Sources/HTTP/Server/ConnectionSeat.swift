internal import Synchronization

/// A connection's place among those that a server may have at a time.
///
/// It is safe while the client has a request under way. At other times the server may need it for somebody else
/// (``SilentConnections``): then the connection is closed, as HTTP servers may do with idle ones (RFC 9112 §9.5).
public final class ConnectionSeat: Sendable {
    private let requests = Mutex(0)
    private let neighbours: SilentConnections
    private let close: @Sendable () -> Void

    /// Takes a seat for a connection whose client has said nothing yet.
    ///
    /// - Parameter close: Ends the connection; called from any thread, and also when it is closed already.
    init(among neighbours: SilentConnections, close: @escaping @Sendable () -> Void) {
        self.neighbours = neighbours
        self.close = close
        neighbours.insert(self, at: .now)
    }

    /// Keeps the connection while `body` answers a request.
    public func keep<Result>(while body: () async throws -> Result) async rethrows -> Result {
        count(1)
        defer { count(-1) }
        return try await body()
    }

    private func count(_ change: Int) {
        // Under the lock, so that two requests of one connection are counted in the order in which it is silent or not.
        requests.withLock { requests in
            requests += change
            if requests == 0 { neighbours.insert(self, at: .now) } else { neighbours.remove(self) }
        }
    }

    /// The connection has ended.
    func release() { neighbours.remove(self) }

    func giveUp() { close() }
}
