/// The four forms of a request target (RFC 9112 §3.2).
enum RequestTarget {
    /// Whether a client may send this target with this method; as strict as Envoy.
    static func isValid(_ target: Span<UInt8>, of method: HTTPMethod) -> Bool {
        if target.isEmpty { return false }
        for index in target.indices {
            let byte = target[index]
            // Visible ASCII only; a fragment has no business on the wire.
            if byte &- 0x21 > 0x5d || byte == UInt8(ascii: "#") { return false }
        }
        if method == .connect { return isAuthority(target, needsPort: true) }
        if target[0] == UInt8(ascii: "/") { return true }
        if target.count == 1 && target[0] == UInt8(ascii: "*") { return method == .options }
        guard let authority = authority(in: target, of: method) else { return false }
        return isAuthority(target.extracting(authority))
    }

    /// Where the authority is in an absolute target or in one of CONNECT; nil in the other forms.
    static func authority(in target: Span<UInt8>, of method: HTTPMethod) -> Range<Int>? {
        if method == .connect { return 0..<target.count }
        guard let start = afterScheme(target) else { return nil }
        var end = start
        while end < target.count, !isAuthorityEnd(target[end]) { end += 1 }
        return start..<end
    }

    /// Where path and query are; one empty range when an absolute target has none.
    static func path(in target: Span<UInt8>, of method: HTTPMethod) -> Range<Int> {
        authority(in: target, of: method).map { $0.upperBound..<target.count } ?? 0..<target.count
    }

    private static func isAuthorityEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?")
    }

    /// The position after `http://` or `https://`.
    private static func afterScheme(_ target: Span<UInt8>) -> Int? {
        if target.isEmpty || target[0] == UInt8(ascii: "/") { return nil }
        for scheme in ["http://", "https://"] {
            let count = scheme.utf8.count
            if target.count > count,
                ASCII.equalsIgnoringCase(target.extracting(0..<count), lowercase: scheme.utf8.span)
            {
                return count
            }
        }
        return nil
    }

    /// Whether this is `host` or `host:port`, an IPv6 address in brackets; user information is refused (RFC 9110 §4.2.4).
    static func isAuthority(_ text: Span<UInt8>, needsPort: Bool = false) -> Bool {
        guard let hostEnd = hostEnd(text), hostEnd > 0 else { return false }
        if hostEnd == text.count { return !needsPort }
        if text[hostEnd] != UInt8(ascii: ":") || text.count - hostEnd > 6 { return false }
        if text.count == hostEnd + 1 { return !needsPort }
        var port = 0
        for index in hostEnd + 1..<text.count {
            let digit = text[index] &- UInt8(ascii: "0")
            if digit > 9 { return false }
            port = port * 10 + Int(digit)
        }
        return port <= 65535
    }

    private static func hostEnd(_ text: Span<UInt8>) -> Int? {
        if text.isEmpty { return nil }
        if text[0] == UInt8(ascii: "[") {
            var index = 1
            while index < text.count, text[index] != UInt8(ascii: "]") {
                if !isInBrackets(text[index]) { return nil }
                index += 1
            }
            return index < text.count && index > 1 ? index + 1 : nil
        }
        var index = 0
        while index < text.count, text[index] != UInt8(ascii: ":") {
            if !isInHost(text[index]) { return nil }
            index += 1
        }
        return index
    }

    private static func isInBrackets(_ byte: UInt8) -> Bool {
        ASCII.hexDigit(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
    }

    /// Unreserved characters, percent signs and sub-delimiters (RFC 3986 §3.2.2), without the comma that would make two.
    private static func isInHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ";"), UInt8(ascii: "="): true
        case UInt8(ascii: "#"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"): false
        default: ASCII.isToken(byte)
        }
    }
}
