/// A connection as HTTP needs it: bytes both ways, one reader and one writer at a time.
public protocol ByteStream: Sendable {
    /// Waits for bytes; at most `limit` of them, none at the end of the stream.
    func read(upTo limit: Int) async throws -> [UInt8]
    /// Returns when the bytes are with the kernel.
    func write(_ bytes: [UInt8]) async throws
    /// Tells the peer that no more will come.
    func shutdownWrite() async throws
    /// Ends both directions, and whoever waits for them; does nothing the second time.
    func close()
    /// Whether either side has closed it, as far as is known; bytes may still wait to be read.
    var isOver: Bool { get }
}

extension ByteStream {
    /// A stream that cannot tell before it is read.
    public var isOver: Bool { false }
}
