/// Reads big-endian numbers and length-prefixed vectors (RFC 8446 §3) from the front of some octets.
struct ByteReader {
    private(set) var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    var isEmpty: Bool { bytes.isEmpty }

    mutating func uint8() -> UInt8? { bytes.popFirst() }

    mutating func uint16() -> UInt16? {
        guard bytes.count >= 2 else { return nil }
        let number = UInt16(bytes[bytes.startIndex]) << 8 | UInt16(bytes[bytes.startIndex + 1])
        bytes.removeFirst(2)
        return number
    }

    /// False when there are fewer octets; then none is skipped.
    mutating func skip(_ count: Int) -> Bool {
        guard bytes.count >= count else { return false }
        bytes.removeFirst(count)
        return true
    }

    /// The content of a vector that begins with a length of one or two octets; nil when it is cut short.
    mutating func vector(lengthOctets: Int) -> ByteReader? {
        guard let count = lengthOctets == 1 ? uint8().map(Int.init) : uint16().map(Int.init), bytes.count >= count
        else { return nil }
        let content = bytes.prefix(count)
        bytes.removeFirst(count)
        return ByteReader(content)
    }
}
