internal import Base
internal import CLinux
internal import Glibc
internal import Kubernetes
internal import Synchronization

/// A TCP connection made from within a pod's network namespace.
final class NamespaceConnection: PodConnection {
    private let descriptor: CInt
    private let state = Mutex(State())

    private struct State {
        var isClosed = false
        /// Calls on their way; the last one to return after `close` gives the descriptor back.
        var calls = 0
    }

    private init(adopting descriptor: CInt) { self.descriptor = descriptor }

    deinit { if !state.withLock({ $0.isClosed }) { Glibc.close(descriptor) } }

    /// Connects to `127.0.0.1:port` there.
    ///
    /// - Parameter namespacePath: nil means this machine's own network.
    static func connect(port: UInt16, namespacePath: String?) async throws -> NamespaceConnection {
        let descriptor = try await blocking { () throws -> CInt in
            if let namespacePath {
                // Only this thread changes its network, and it ends with this call.
                let namespace = OwnedDescriptor(
                    adopting: try systemCall("open") { unsafe open(namespacePath, O_RDONLY | O_CLOEXEC) }
                )
                let raw = namespace.raw
                try systemCall("setns") { CLinux_enter_network(raw) }
            }
            return try BlockingSocket.connect(IPv4(127, 0, 0, 1), port, timeout: .seconds(10))
        }
        var none = timeval()
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &none, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &none, size)
        return NamespaceConnection(adopting: descriptor)
    }

    private func call<Result: Sendable>(_ body: @escaping @Sendable (CInt) throws -> Result) async throws -> Result {
        let isOpen = state.withLock { state in
            if !state.isClosed { state.calls += 1 }
            return !state.isClosed
        }
        guard isOpen else { throw MeshError(.cancelled, "the connection is closed") }
        defer {
            let isLast = state.withLock { state in
                state.calls -= 1
                return state.isClosed && state.calls == 0
            }
            if isLast { Glibc.close(descriptor) }
        }
        let descriptor = descriptor
        return try await blocking { try body(descriptor) }
    }

    func read(upTo limit: Int) async throws -> [UInt8] { try await call { readBlocking($0, limit: limit) } }

    func write(_ bytes: [UInt8]) async throws {
        try await call { descriptor in
            guard writeBlocking(descriptor, bytes) else {
                throw MeshError(.unavailable, "the program in the pod closed the connection")
            }
        }
    }

    func shutdownWrite() async throws { try await call { _ = shutdown($0, CInt(SHUT_WR)) } }

    func close() {
        state.withLock { state in
            if state.isClosed { return }
            state.isClosed = true
            shutdown(descriptor, CInt(SHUT_RDWR))  // Ends reads and writes that wait.
            if state.calls == 0 { Glibc.close(descriptor) }
        }
    }
}
