/// Connections that are not served yet, in the order of their coming, and no more than a limit.
///
/// An honest client is done in a moment: when there are too many, the oldest is the least likely to be one.
struct PendingConnections<Connection> {

    private let limit: Int
    private var connections: [Int: Connection] = [:]
    private var oldest = 0
    private var next = 0

    init(limit: Int) { self.limit = max(1, limit) }

    /// - Returns: The connection's place, and the oldest one if it has to go; it is not there any more.
    mutating func add(_ connection: Connection) -> (ticket: Int, surplus: Connection?) {
        let surplus = connections.count >= limit ? takeOldest() : nil
        connections[next] = connection
        next += 1
        return (next - 1, surplus)
    }

    mutating func remove(_ ticket: Int) { connections[ticket] = nil }

    private mutating func takeOldest() -> Connection? {
        while oldest < next {
            defer { oldest += 1 }
            if let found = connections.removeValue(forKey: oldest) { return found }
        }
        return nil
    }
}
