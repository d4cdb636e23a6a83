internal import HTTP
internal import Synchronization

/// Lets several tasks write to one stream, each whole and in the order they came.
final class SerialWriter: Sendable {
    private struct State {
        var isBusy = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let stream: any ByteStream
    private let state = Mutex(State())

    init(_ stream: any ByteStream) { self.stream = stream }

    /// Waits for its turn, and until the kernel has the bytes.
    ///
    /// - Parameter make: Makes the bytes when the turn has come, so that what depends on order sees it.
    func write(_ make: @autoclosure () throws -> [UInt8]) async throws {
        await enter()
        defer { leave() }
        try await stream.write(try make())
    }

    private func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.isBusy {
                    state.waiting.append(continuation)
                    return false
                }
                state.isBusy = true
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.isBusy = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
