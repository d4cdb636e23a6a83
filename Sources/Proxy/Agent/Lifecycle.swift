internal import Base
internal import Network
internal import Synchronization

/// Whether the proxy is to end, and who asked for it.
final class Lifecycle: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let isEnding = Atomic(false)

    init() { (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Whether connections are being drained.
    var isDraining: Bool { isEnding.load(ordering: .relaxed) }

    /// Asks the proxy to drain and end (`/quitquitquit`, `/drain`).
    func end() {
        isEnding.store(true, ordering: .relaxed)
        continuation.yield()
    }

    /// Returns when SIGTERM or SIGINT came, or somebody called ``end()``.
    func untilAskedToEnd() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in Signals.termination() { return }
            }
            group.addTask { [stream] in
                for await _ in stream { return }
            }
            _ = await group.next()
            group.cancelAll()
        }
        isEnding.store(true, ordering: .relaxed)
    }
}
