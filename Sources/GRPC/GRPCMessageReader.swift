/// Finds the messages in the data of a stream: a flag and a length come before each.
///
/// `doc/PROTOCOL-HTTP2.md`, "Length-Prefixed-Message".
struct GRPCMessageReader: Sendable {
    /// Octets of a message that are accepted.
    let limit: Int
    private var bytes: [UInt8] = []
    private var offset = 0

    init(limit: Int) { self.limit = limit }

    /// Whether a message has begun and not ended.
    var isWithinMessage: Bool { offset < bytes.count }

    mutating func append(_ data: [UInt8]) {
        if offset == bytes.count {
            bytes = data
        } else {
            bytes.removeFirst(offset)
            bytes += data
        }
        offset = 0
    }

    /// The next complete message; nil when more data is needed.
    ///
    /// - Throws: ``GRPCStatus`` when it is too large or compressed.
    mutating func next() throws(GRPCStatus) -> [UInt8]? {
        guard bytes.count - offset >= 5 else { return nil }
        guard bytes[offset] == 0 else {
            throw GRPCStatus(.unimplemented, "the message is compressed, which was not offered")
        }
        let count = bytes[offset + 1..<offset + 5].reduce(0) { $0 << 8 | Int($1) }
        guard count <= limit else {
            throw GRPCStatus(.resourceExhausted, "the message has \(count) octets, more than the \(limit) allowed")
        }
        let start = offset + 5
        guard bytes.count - start >= count else { return nil }
        offset = start + count
        return Array(bytes[start..<offset])
    }

    /// The message with its prefix.
    static func framed(_ message: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(message.count + 5)
        bytes.append(0)
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: message.count >> shift)) }
        return bytes + message
    }
}
