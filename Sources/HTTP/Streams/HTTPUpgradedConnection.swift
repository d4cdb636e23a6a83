internal import Synchronization

/// A connection that was HTTP until both sides agreed to speak something else on it.
public final class HTTPUpgradedConnection: ByteStream {
    private let stream: any ByteStream
    /// Octets of the new protocol that came together with the last of the old.
    private let leading: Mutex<[UInt8]>

    /// - Parameter leading: What was already read from `stream`; read again from here first.
    public init(_ stream: any ByteStream, leading: [UInt8]) {
        self.stream = stream
        self.leading = Mutex(leading)
    }

    public func read(upTo limit: Int = 65_536) async throws -> [UInt8] {
        let first = leading.withLock { leading in
            let taken = Array(leading.prefix(limit))
            leading.removeFirst(taken.count)
            return taken
        }
        return first.isEmpty ? try await stream.read(upTo: limit) : first
    }

    public func write(_ bytes: [UInt8]) async throws { try await stream.write(bytes) }
    public func shutdownWrite() async throws { try await stream.shutdownWrite() }
    public func close() { stream.close() }
    public var isOver: Bool { stream.isOver }
}
