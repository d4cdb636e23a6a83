public import Base
public import EventLoop
public import TLS

/// A byte stream (TCP or TLS) usable from any task; one reader and one writer at a time.
///
/// Nothing is buffered ahead of the reader, and a writer goes no further than the kernel: back-pressure is TCP's own.
/// A task that is cancelled while it waits gets a ``MeshError`` `cancelled`. Closed when its last owner lets go.
public final class AsyncConnection: Sendable {
    /// The other end; for a connection of a client, where it connected to.
    public let peer: SocketAddress
    public let local: SocketAddress
    private let core: DescriptorCore

    init(_ core: DescriptorCore, local: SocketAddress, peer: SocketAddress) {
        (self.core, self.local, self.peer) = (core, local, peer)
    }

    deinit { core.close() }

    /// Takes over a connected socket, speaking plain bytes on it.
    public convenience init(adopting socket: consuming Socket) throws(SystemError) {
        let (local, peer) = (try socket.localAddress, try socket.peerAddress)
        self.init(DescriptorCore(socket.release(), name: "\(peer)"), local: local, peer: peer)
    }

    /// Reads what there is, at least one octet; empty at the end of the stream.
    ///
    /// - Throws: ``MeshError``; the end of a TLS stream without close_notify is one, as it may have been cut.
    public func read(upTo limit: Int = 65_536) async throws -> [UInt8] { try await core.read(upTo: limit) }

    /// Writes all of `bytes`; suspends until the kernel has taken them.
    public func write(_ bytes: [UInt8]) async throws { try await core.write(bytes) }

    /// Gives `bytes` back, to be read again before all others: for a reader that read too far.
    public func unread(_ bytes: [UInt8]) { core.inspect { $0.returned = bytes + $0.returned } }

    /// Tells the peer that nothing more will be written; reading goes on.
    public func shutdownWrite() async throws { try await core.shutdownWrite() }

    /// Ends both directions and wakes whoever waits; may be called from any thread, and again.
    public func close() { core.close() }

    /// Whether either side has closed the connection, as far as is known; bytes may still wait to be read.
    public var isOver: Bool { core.isOver }

    /// Completes the TLS handshake; reading and writing do so by themselves.
    public func finishHandshake() async throws { try await core.finishHandshake() }

    /// What the handshake agreed on; nil without TLS, before it is done, and after ``close()``.
    public var tls: TLSInfo? { core.inspect { $0.tls?.info } }

    /// All that the peer has shown in the handshake; nil without TLS, and after ``close()``.
    public var peerEvidence: TLSPeerEvidence? { core.inspect { $0.tls?.peerEvidence } }
}

extension AsyncConnection {
    /// Connects to an address, and completes the TLS handshake if a context is given.
    ///
    /// - Parameters:
    ///   - serverName: The name to ask for and to verify; nil for the address itself.
    ///   - timeout: For everything together.
    public static func connect(
        to address: SocketAddress,
        tls: TLSClientContext? = nil,
        serverName: String? = nil,
        timeout: Duration = .seconds(10)
    ) async throws -> AsyncConnection {
        try await withTimeLimit(timeout, "connecting to \(serverName.map { "\($0) at " } ?? "")\(address)") {
            try await open(address, tls: tls, serverName: serverName ?? address.ip.description)
        }
    }

    /// Connects to the first address of `host` that answers; `host` may be an IP address.
    ///
    /// - Parameter serverName: The name to ask for and to verify; nil for `host`.
    public static func connect(
        host: String,
        port: UInt16,
        tls: TLSClientContext? = nil,
        serverName: String? = nil,
        timeout: Duration = .seconds(10)
    ) async throws -> AsyncConnection {
        try await withTimeLimit(timeout, "connecting to \(host):\(port)") {
            let addresses = try await HostResolver.addresses(of: host)
            var failure: any Error = MeshError(.notFound, "\(host) has no address")
            for address in addresses {
                do {
                    return try await open(SocketAddress(address, port: port), tls: tls, serverName: serverName ?? host)
                } catch let error as MeshError where error.code == .unavailable {
                    failure = error
                }
            }
            throw failure
        }
    }

    private static func open(
        _ address: SocketAddress,
        tls: TLSClientContext?,
        serverName: String
    ) async throws -> AsyncConnection {
        let core: DescriptorCore
        do {
            let socket = try Socket.connecting(to: address)
            core = DescriptorCore(socket.release(), name: "\(address)", isConnecting: true)
        } catch {
            throw MeshError(.unavailable, "connect \(address)", cause: error)
        }
        do {
            try await core.finishConnecting()
            let local = try core.localAddress()
            if let tls {
                core.startTLS {
                    TLSConnection(
                        client: tls,
                        descriptor: $0,
                        serverName: serverName,
                        destination: "\(address)"
                    )
                }
                try await core.finishHandshake()
            }
            return AsyncConnection(core, local: local, peer: address)
        } catch {
            core.close()
            throw error
        }
    }
}
