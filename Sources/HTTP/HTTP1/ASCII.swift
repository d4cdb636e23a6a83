/// What HTTP asks about single octets and short texts (RFC 9110 §5.6).
enum ASCII {
    static let space = UInt8(ascii: " ")
    static let tab: UInt8 = 0x09
    static let carriageReturn: UInt8 = 0x0d
    static let lineFeed: UInt8 = 0x0a

    /// Whether `byte` may be part of a token: a method or a field name (RFC 9110 §5.6.2).
    static func isToken(_ byte: UInt8) -> Bool {
        // Two masks instead of a table: no memory is touched. The set bits are ! # $ % & ' * + - . 0-9, and A-Z ^ _ ` a-z | ~.
        let low: UInt64 = 0x03ff_6cfa_0000_0000
        let high: UInt64 = 0x57ff_ffff_c7ff_fffe
        return byte < 64 ? low >> byte & 1 != 0 : byte < 128 && high >> (byte &- 64) & 1 != 0
    }

    /// Whether `byte` may be part of a field's value: visible, space, tab, or above ASCII (RFC 9110 §5.5).
    static func isFieldContent(_ byte: UInt8) -> Bool { (byte >= 0x20 && byte != 0x7f) || byte == tab }

    static func isSpace(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    static func lowercase(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }

    /// The value of a hexadecimal digit of either case.
    static func hexDigit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte &- UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte &- UInt8(ascii: "a") &+ 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte &- UInt8(ascii: "A") &+ 10)
        default: nil
        }
    }

    /// Compares without regard to the case of ASCII letters; `lowercase` must have none in upper case.
    static func equalsIgnoringCase(_ text: Span<UInt8>, lowercase expected: Span<UInt8>) -> Bool {
        if text.count != expected.count { return false }
        for index in text.indices where Self.lowercase(text[index]) != expected[index] { return false }
        return true
    }

    /// Compares without regard to the case of ASCII letters.
    static func equalsIgnoringCase(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        if left.count != right.count { return false }
        for index in left.indices where lowercase(left[index]) != lowercase(right[index]) { return false }
        return true
    }

    static func equals(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        if left.count != right.count { return false }
        for index in left.indices where left[index] != right[index] { return false }
        return true
    }

    /// The range of `bytes` without spaces and tabs at its ends.
    static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, isSpace(bytes[start]) { start += 1 }
        while end > start, isSpace(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    /// Calls `body` with the range of each element of a comma-separated list, empty ones left out (RFC 9110 §5.6.1).
    static func forEachElement(of list: Span<UInt8>, _ body: (Range<Int>) -> Void) {
        var start = 0
        for index in 0...list.count where index == list.count || list[index] == UInt8(ascii: ",") {
            let element = trimmed(list, start..<index)
            if !element.isEmpty { body(element) }
            start = index + 1
        }
    }
}

extension String {
    /// The text that the octets are in UTF-8; what is not UTF-8 becomes U+FFFD.
    public init(octets: Span<UInt8>) {
        self = unsafe octets.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
