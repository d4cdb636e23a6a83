internal import Base

/// A random UUID (RFC 9562 §5.4) as `x-request-id` carries it.
enum RequestID {
    private static let digits = InlineArray<16, UInt8> { index in
        UInt8(index < 10 ? 48 + index : 87 + index)
    }

    /// Makes its 36 characters, without heap.
    static func make(using random: inout SplitMix64) -> InlineArray<36, UInt8> {
        var bytes = InlineArray<36, UInt8>(repeating: UInt8(ascii: "-"))
        var position = 0
        var high = random.next()
        var low = random.next()
        high = high & 0xffff_ffff_ffff_0fff | 0x4000
        low = low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        for nibble in 0..<32 {
            if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 { position += 1 }
            let word = nibble < 16 ? high : low
            bytes[position] = digits[Int(word >> UInt64(60 - nibble % 16 * 4) & 15)]
            position += 1
        }
        return bytes
    }
}
