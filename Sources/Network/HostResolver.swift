public import Base
internal import CLinux
internal import EventLoop
internal import Glibc
internal import Synchronization

/// Host names to addresses, as the machine resolves them (`/etc/hosts`, DNS).
public enum HostResolver {
    /// The addresses of `host`, best first; an IP address is its own.
    ///
    /// Asks on a thread of its own, as the C library knows no way to ask without waiting.
    /// - Throws: ``MeshError`` `notFound` when there is none, `unavailable` when that cannot be found out now.
    public static func addresses(of host: String) async throws -> [IPAddress] {
        if let address = IPAddress(host) { return [address] }
        guard !host.utf8.contains(0), !host.isEmpty else { throw MeshError(.notFound, "not a host name: \(host)") }
        let answer = Answer()
        let thread = try Thread(name: "resolver") { answer.finish(lookUp(host)) }
        thread.detach()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { answer.wait($0) }
        } onCancel: {
            answer.finish(.failure(MeshError(.cancelled, "looking up \(host) was cancelled")))
        }
    }

    private static func lookUp(_ host: String) -> Result<[IPAddress], any Error> {
        var found = [CLinux_address](repeating: CLinux_address(), count: 16)
        let count = unsafe CLinux_resolve(host, &found, CInt(found.count))
        if count > 0 {
            return .success(
                found.prefix(Int(count)).map {
                    $0.is6 != 0 ? IPAddress(high: $0.high, low: $0.low) : IPAddress(ipv4: UInt32($0.low))
                }
            )
        }
        if count == 0 { return .failure(MeshError(.notFound, "host \(host) has no address")) }
        let reason = unsafe String(cString: CLinux_resolve_error(count))
        let isTemporary = count == EAI_AGAIN || count == EAI_SYSTEM
        return .failure(MeshError(isTemporary ? .unavailable : .notFound, "looking up host \(host): \(reason)"))
    }

    /// The meeting point of the asking task, the thread and a cancellation, in whatever order they come.
    private final class Answer: Sendable {
        private enum State {
            case pending
            case waiting(CheckedContinuation<[IPAddress], any Error>)
            case finished(Result<[IPAddress], any Error>)
        }

        private let state = Mutex(State.pending)

        func wait(_ continuation: CheckedContinuation<[IPAddress], any Error>) {
            let result: Result<[IPAddress], any Error>? = state.withLock { state in
                if case .finished(let result) = state { return result }
                state = .waiting(continuation)
                return nil
            }
            if let result { continuation.resume(with: result) }
        }

        /// Only the first result counts.
        func finish(_ result: Result<[IPAddress], any Error>) {
            let waiting: CheckedContinuation<[IPAddress], any Error>? = state.withLock { state in
                defer { if case .finished = state {} else { state = .finished(result) } }
                if case .waiting(let continuation) = state { return continuation }
                return nil
            }
            waiting?.resume(with: result)
        }
    }
}
