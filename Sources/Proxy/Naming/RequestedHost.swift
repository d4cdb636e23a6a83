internal import Base

/// The host that a request asks for, as a name that can be looked up and asked for in TLS.
enum RequestedHost {
    /// The name in an authority, in lower case, without its port; nil for an address and for what is no host's name
    /// (RFC 1123 §2.1, and underscores, which exist).
    ///
    /// - Parameter isCopy: Whether the authority is one that tells a copy from its original, whose host is meant.
    static func name(in authority: Span<UInt8>, isCopy: Bool = false) -> String? {
        if authority.isEmpty || authority.count > longest + shadow.utf8.count + 6 { return nil }
        var host = RequestRouter.host(authority)
        if isCopy, host.hasSuffix(shadow) { host.removeLast(shadow.utf8.count) }
        return isName(host) ? host : nil
    }

    /// Whether it can be a host's name; in lower case.
    static func isName(_ host: String) -> Bool {
        guard (1...longest).contains(host.utf8.count), IPAddress(host) == nil else { return false }
        return host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.allSatisfy(isAllowed)
        }
    }

    private static let shadow = "-shadow"
    /// Octets of a name at most (RFC 1035 §3.1).
    private static let longest = 253

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
    }
}
