/// Octets that a URI cannot hold, written as `%` and two digits (RFC 3986 §2.1).
public enum PercentEncoding {
    /// Encodes all but the unreserved characters (letters, digits and `-._~`): fit for a path segment and a query item.
    public static func encode(_ text: some StringProtocol) -> String {
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            if isUnreserved(byte) {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 15)]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// Decodes; nil when a percent sign is not followed by two digits, or the result is not UTF-8.
    ///
    /// - Parameter plusIsSpace: Whether `+` stands for a space, as it does in queries that forms send.
    public static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        var decoded: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(ASCII.hexDigit), let low = rest.next().flatMap(ASCII.hexDigit)
                else { return nil }
                decoded.append(UInt8(high << 4 | low))
            case UInt8(ascii: "+") where plusIsSpace: decoded.append(ASCII.space)
            default: decoded.append(byte)
            }
        }
        return String(validating: decoded, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") - 10 + value
    }
}
