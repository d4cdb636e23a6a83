internal import Base

/// Runs `body` for at most `limit`, then cancels it.
///
/// - Parameter doing: What it does, such as `connecting to 10.0.0.1:80`; for the error.
/// - Throws: ``MeshError`` `timedOut` when the time is over; what `body` throws otherwise.
public func withTimeLimit<Value: Sendable>(
    _ limit: Duration,
    _ doing: @autoclosure @escaping @Sendable () -> String,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask(operation: body)
        group.addTask {
            try await Task.sleep(for: limit)
            throw MeshError(.timedOut, "\(doing()) took longer than \(limit)")
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { preconditionFailure("a group with two tasks has a first") }
        return value
    }
}
