internal import Synchronization

/// Wakes one task that waits for something to do; signals before it waits are not lost, and several count as one.
final class Signal: Sendable {
    private enum State {
        case idle, signalled
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.idle)

    func signal() {
        let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
            if case .waiting(let waiter) = state {
                state = .idle
                return waiter
            }
            state = .signalled
            return nil
        }
        waiter?.resume()
    }

    /// Returns after the next signal, or when the task is cancelled; only one task at a time may wait.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isSignalled = state.withLock { state in
                    switch state {
                    case .waiting: preconditionFailure("two tasks wait for one signal")
                    case .idle where !Task.isCancelled:
                        state = .waiting(continuation)
                        return false
                    case .idle, .signalled:
                        state = .idle
                        return true
                    }
                }
                if isSignalled { continuation.resume() }
            }
        } onCancel: {
            signal()
        }
    }
}
