/// Bytes as base64 and back (RFC 4648 §4 and §5).
public enum Base64 {
    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlSafe = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The standard alphabet, padded with `=`.
    public static func encode(_ bytes: [UInt8]) -> String { encode(bytes, alphabet: standard, isPadded: true) }

    /// The alphabet for URLs and file names, without padding, as JSON web tokens use it.
    public static func encodeURL(_ bytes: [UInt8]) -> String { encode(bytes, alphabet: urlSafe, isPadded: false) }

    private static func encode(_ bytes: [UInt8], alphabet: [UInt8], isPadded: Bool) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let taken = min(3, bytes.count - index)
            var group = 0
            for offset in 0..<3 { group = group << 8 | (offset < taken ? Int(bytes[index + offset]) : 0) }
            for offset in 0...taken { text.append(alphabet[group >> (18 - 6 * offset) & 63]) }
            if isPadded { for _ in taken..<3 { text.append(UInt8(ascii: "=")) } }
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads either alphabet, padded or not, and skips line breaks and spaces; nil for anything else.
    public static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 4 * 3)
        var (group, bits, symbols, padding) = (0, 0, 0, 0)
        for character in text.utf8 {
            guard let value = value(of: character) else {
                switch character {
                case UInt8(ascii: "="): padding += 1
                case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: " "), UInt8(ascii: "\t"): continue
                default: return nil
                }
                continue
            }
            if padding > 0 { return nil }
            symbols += 1
            group = (group << 6 | value) & 0xffffff
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(group >> bits & 255))
            }
        }
        let isWhole = symbols % 4 != 1 && padding <= 2 && (padding == 0 || (symbols + padding) % 4 == 0)
        return isWhole ? bytes : nil
    }

    private static func value(of character: UInt8) -> Int? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(character) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(character) - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(character) + 4
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
