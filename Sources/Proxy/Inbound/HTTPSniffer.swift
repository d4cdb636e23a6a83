/// Finds out whether plaintext begins like HTTP, as Envoy's HTTP inspector does for ports of undeclared protocol.
enum HTTPSniffer {
    enum Verdict: Hashable, Sendable {
        /// A request line of HTTP/1.1 (or HTTP/1.0, which is forwarded as HTTP too).
        case http1
        /// The connection preface of HTTP/2 (RFC 9113 §3.4).
        case http2
        /// Anything else.
        case other
        /// More bytes could still make it HTTP.
        case undecided
    }

    /// A request line longer than this is taken for other bytes.
    static let longestRequestLine = 8192

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Judges the first bytes of a connection.
    ///
    /// - Parameter bytes: Everything received so far, from the first byte on.
    static func judge(_ bytes: Span<UInt8>) -> Verdict {
        if bytes.isEmpty { return .undecided }
        if startsLikePreface(bytes) { return bytes.count >= preface.count ? .http2 : .undecided }
        guard let method = methodLength(bytes) else { return .other }
        if method == bytes.count { return .undecided }
        return requestLine(bytes, from: method + 1)
    }

    static let prefaceOctets = preface.count

    /// Whether `bytes` are, or may become, the connection preface of HTTP/2.
    static func startsLikePreface(_ bytes: Span<UInt8>) -> Bool {
        for index in 0..<min(bytes.count, preface.count) where bytes[index] != preface[index] { return false }
        return true
    }

    /// Length of the method, which is the whole input when no space has come yet; nil when this is no method.
    ///
    /// Methods are upper-case letters here, as in every registered one but `BASELINE-CONTROL` and the like.
    private static func methodLength(_ bytes: Span<UInt8>) -> Int? {
        let longest = 24
        for index in 0..<min(bytes.count, longest + 1) {
            switch bytes[index] {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"): continue
            case UInt8(ascii: " "): return index > 0 ? index : nil
            default: return nil
            }
        }
        return bytes.count <= longest ? bytes.count : nil
    }

    /// Looks for a target without control characters, a space and `HTTP/1.x` before the line ends.
    private static func requestLine(_ bytes: Span<UInt8>, from start: Int) -> Verdict {
        var lastSpace = start - 1
        var index = start
        while index < min(bytes.count, longestRequestLine) {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                return isVersion(bytes, from: lastSpace + 1, to: index) && lastSpace > start ? .http1 : .other
            }
            if byte == UInt8(ascii: " ") { lastSpace = index }
            if byte < 0x20 || byte == 0x7f { return .other }
            index += 1
        }
        return bytes.count < longestRequestLine ? .undecided : .other
    }

    private static func isVersion(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        let version: StaticString = "HTTP/1."
        guard end - start == version.utf8CodeUnitCount + 1 else { return false }
        for (offset, expected) in Array("HTTP/1.".utf8).enumerated() where bytes[start + offset] != expected {
            return false
        }
        return bytes[end - 1] == UInt8(ascii: "0") || bytes[end - 1] == UInt8(ascii: "1")
    }
}
