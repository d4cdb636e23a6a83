public import Base
internal import EventLoop
internal import Glibc
internal import Synchronization
public import TLS

/// A TCP port that accepts connections, in plain text or with TLS.
public final class AsyncListener: Sendable {
    /// Where it listens, with the port that the system chose if none was given.
    public let address: SocketAddress
    private let core: DescriptorCore
    private let tls: Mutex<TLSServerContext?>

    /// - Parameters:
    ///   - address: Port 0 lets the system choose; ``IPAddress/any6`` accepts IPv4 as well.
    ///   - tls: What to speak TLS with; nil for plain text.
    ///   - sharesPort: Whether other sockets may listen on the same port and share its connections.
    /// - Throws: ``MeshError`` that names the address.
    public init(
        binding address: SocketAddress,
        tls: TLSServerContext? = nil,
        sharesPort: Bool = false
    ) throws(MeshError) {
        do {
            let socket = try Socket.listening(on: address, sharesPort: sharesPort)
            self.address = try socket.localAddress
            core = DescriptorCore(socket.release(), name: "listener \(self.address)")
            self.tls = Mutex(tls)
        } catch {
            throw MeshError(.unavailable, "cannot listen on \(address)", cause: error)
        }
    }

    /// Takes over a TCP socket that listens already, such as one that another process has opened.
    public init(adopting descriptor: consuming OwnedDescriptor, tls: TLSServerContext? = nil) throws(MeshError) {
        do {
            address = try Socket.localAddress(of: descriptor.raw)
        } catch {
            throw MeshError(.unavailable, "the descriptor is no socket that listens", cause: error)
        }
        core = DescriptorCore(descriptor, name: "listener \(address)")
        self.tls = Mutex(tls)
    }

    /// A socket that listens, for another process to adopt.
    ///
    /// - Throws: ``MeshError`` that names the address.
    public static func openSocket(on address: SocketAddress) throws(MeshError) -> OwnedDescriptor {
        do {
            return try Socket.listening(on: address).release()
        } catch {
            throw MeshError(.unavailable, "cannot listen on \(address)", cause: error)
        }
    }

    deinit { core.close() }

    /// The next connection.
    ///
    /// It is returned before its TLS handshake, which the first read or write completes: one slow client must not keep
    /// the others waiting.
    public func accept() async throws -> AsyncConnection {
        while true {
            do {
                return try await acceptNow()
            } catch let error as SystemError where Self.shortages.contains(error.code) {
                // Out of descriptors or memory: the connection stays in the queue until there are some again.
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private static let shortages: Set<CInt> = [EMFILE, ENFILE, ENOBUFS, ENOMEM]

    private func acceptNow() async throws -> AsyncConnection {
        try await core.perform { _, descriptor in
            var peer = SocketAddress(.any, port: 0)
            guard let socket = try Socket.accept(from: descriptor, peer: &peer) else { return .wait(.readable) }
            let local = (try? socket.localAddress) ?? self.address
            let core = DescriptorCore(socket.release(), name: "\(peer)")
            if let tls = self.tls.withLock({ $0 }) {
                core.startTLS { TLSConnection(server: tls, descriptor: $0) }
            }
            return .done(AsyncConnection(core, local: local, peer: peer))
        }
    }

    /// Speaks TLS with `context` on all connections from now on; those that are open keep theirs.
    public func use(_ context: TLSServerContext) { tls.withLock { $0 = context } }

    /// Stops listening and ends ``accept()``; may be called from any thread, and again.
    public func close() { core.close() }
}
