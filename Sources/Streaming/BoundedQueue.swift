internal import Base
internal import Synchronization

/// Passes elements from one task to another; the sender waits while more than `capacity` is queued.
final class BoundedQueue<Element: Sendable>: Sendable {
    private struct State {
        var elements: [(element: Element, weight: Int)] = []
        var weight = 0
        var isFinished = false
        var receiver: CheckedContinuation<Void, Never>?
        var sender: CheckedContinuation<Void, Never>?
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: In the unit of the weights, usually octets.
    init(capacity: Int) { self.capacity = capacity }

    /// Queues an element, after waiting for room; drops it when the queue is finished.
    ///
    /// - Throws: ``MeshError`` `cancelled`.
    func send(_ element: Element, weight: Int = 1) async throws {
        while true {
            let isDone = change { state in
                if state.isFinished { return true }
                if state.weight >= capacity { return false }
                state.elements.append((element, weight))
                state.weight += weight
                return true
            }
            if isDone { return }
            try await park(.sender)
        }
    }

    /// The next element; nil when the queue is finished and empty.
    ///
    /// - Throws: ``MeshError`` `cancelled`.
    func next() async throws -> Element? {
        while true {
            let (element, isOver) = change { state -> (Element?, Bool) in
                if state.elements.isEmpty { return (nil, state.isFinished) }
                let first = state.elements.removeFirst()
                state.weight -= first.weight
                return (first.element, false)
            }
            if let element { return element }
            if isOver { return nil }
            try await park(.receiver)
        }
    }

    /// Ends the queue: nothing more is taken in, what is there can still be received.
    func finish() { change { $0.isFinished = true } }

    private func change<Result>(_ body: (inout State) -> Result) -> Result {
        let (result, waiting) = state.withLock { state in
            let result = body(&state)
            // Whoever waits looks again; there is at most one on each side.
            return (result, [state.receiver.take(), state.sender.take()])
        }
        for continuation in waiting { continuation?.resume() }
        return result
    }

    private enum Side: Sendable { case sender, receiver }

    private func park(_ side: Side) async throws {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if Task.isCancelled || state.isFinished { return true }
                    switch side {
                    case .sender:
                        if state.weight < capacity { return true }
                        precondition(state.sender == nil, "two tasks send to one queue")
                        state.sender = continuation
                    case .receiver:
                        if !state.elements.isEmpty { return true }
                        precondition(state.receiver == nil, "two tasks receive from one queue")
                        state.receiver = continuation
                    }
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiting = state.withLock { side == .sender ? $0.sender.take() : $0.receiver.take() }
            waiting?.resume()
        }
        if Task.isCancelled { throw MeshError(.cancelled, "waiting for a stream was cancelled") }
    }
}
