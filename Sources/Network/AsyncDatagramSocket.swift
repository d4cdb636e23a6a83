public import Base
internal import EventLoop

/// A UDP socket usable from any task.
public final class AsyncDatagramSocket: Sendable {
    /// Where it receives, with the port that the system chose if none was given.
    public let address: SocketAddress
    private let core: DescriptorCore

    /// - Throws: ``MeshError`` that names the address.
    public init(binding address: SocketAddress) throws(MeshError) {
        do {
            let socket = try Socket.datagram(on: address)
            self.address = try socket.localAddress
            core = DescriptorCore(socket.release(), name: "datagrams at \(self.address)")
        } catch {
            throw MeshError(.unavailable, "cannot receive datagrams at \(address)", cause: error)
        }
    }

    deinit { core.close() }

    /// The next datagram and who sent it; what is longer than `limit` is cut off.
    public func receive(upTo limit: Int = 65_536) async throws -> (bytes: [UInt8], sender: SocketAddress) {
        try await core.perform { _, descriptor in
            try Socket.receive(from: descriptor, upTo: limit).map { .done(($0.bytes, $0.sender)) } ?? .wait(.readable)
        }
    }

    /// Sends one datagram; the network may lose it.
    public func send(_ bytes: [UInt8], to address: SocketAddress) async throws {
        try await core.perform { _, descriptor in
            try Socket.send(bytes, from: descriptor, to: address) ? .done(()) : .wait(.writable)
        }
    }

    /// Ends ``receive(upTo:)``; may be called from any thread, and again.
    public func close() { core.close() }
}
