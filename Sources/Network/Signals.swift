internal import Base
internal import EventLoop
internal import Glibc
internal import Synchronization

/// Signals of the process as a sequence.
public enum Signals {
    /// SIGTERM and SIGINT, each as it comes; from the first call on they no longer end the process.
    public static func termination() -> AsyncStream<CInt> { stream([SIGTERM, SIGINT]) }

    /// The given signals, each as it comes; the latest stream for a signal gets it.
    public static func stream(_ signals: [CInt]) -> AsyncStream<CInt> {
        let (stream, continuation) = AsyncStream<CInt>.makeStream(bufferingPolicy: .bufferingNewest(16))
        let relay = Relay(continuation)
        NetworkLoop.handle.submit { loop in
            do {
                relays.withLock { $0.append(relay) }
                _ = try SignalSource(signals, on: loop, relay)
            } catch {
                Log("signals").error("cannot receive signals \(signals): \(error)")
                continuation.finish()
            }
        }
        return stream
    }

    /// Kept for ever, like the signal handlers themselves.
    private static let relays = Mutex<[Relay]>([])

    private final class Relay: SignalHandler, Sendable {
        private let continuation: AsyncStream<CInt>.Continuation

        init(_ continuation: AsyncStream<CInt>.Continuation) { self.continuation = continuation }

        func signalReceived(_ signal: CInt) { continuation.yield(signal) }
    }
}
