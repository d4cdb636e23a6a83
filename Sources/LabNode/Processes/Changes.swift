internal import Synchronization

/// Lets tasks wait until something has become true, without asking again and again.
final class Changes: Sendable {
    private struct State {
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// Lets everybody who waits look again.
    func announce() {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.yield() }
    }

    /// What `look` returns first; it is asked now and after each change.
    ///
    /// - Throws: What `look` throws, and `CancellationError`.
    func first<Value>(_ look: () throws -> Value?) async throws -> Value {
        let (stream, listener) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let key = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = listener
            return state.next
        }
        defer { state.withLock { $0.listeners[key] = nil } }
        if let value = try look() { return value }
        for await _ in stream { if let value = try look() { return value } }
        throw CancellationError()
    }
}
