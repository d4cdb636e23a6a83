internal import Base
internal import HTTP

/// Reads base64 that comes in pieces; each piece of the text may be padded on its own, as gRPC-Web's are.
struct Base64Decoder {
    private var group: UInt32 = 0
    private var symbols = 0
    private var padding = 0

    /// Whether the text may end here.
    var isWhole: Bool { symbols == 0 }

    /// Appends what `text` says to `output`; false when it is no base64.
    mutating func decode(_ text: Span<UInt8>, into output: inout [UInt8]) -> Bool {
        for index in text.indices {
            guard take(text[index]) else { return false }
            guard symbols == 4 else { continue }
            for shift in [UInt32(16), 8, 0].prefix(3 - padding) {
                output.append(UInt8(truncatingIfNeeded: group >> shift))
            }
            (group, symbols, padding) = (0, 0, 0)
        }
        return true
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        var value: UInt32 = 0
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(byte) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(byte) - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(byte) + 4
        case UInt8(ascii: "+"): value = 62
        case UInt8(ascii: "/"): value = 63
        case UInt8(ascii: "=") where symbols >= 2: padding += 1
        default: return false
        }
        if padding > 0, byte != UInt8(ascii: "=") { return false }
        group = group << 6 | value
        symbols += 1
        return true
    }
}

/// Writes base64 in pieces, of which each is padded.
struct Base64Encoder {
    private var pending: [UInt8] = []

    /// Appends `data` to `output`, up to two octets of which wait for what comes next.
    ///
    /// - Parameter isEnd: Whether nothing waits: the piece ends here.
    mutating func encode(_ data: Span<UInt8>, isEnd: Bool, into output: inout [UInt8]) {
        pending.append(data)
        let count = isEnd ? pending.count : pending.count / 3 * 3
        output.append(contentsOf: Base64.encode(Array(pending[..<count])).utf8)
        pending.removeFirst(count)
    }
}
