internal import Base
internal import HTTP

/// What a proxy says before a connection's own bytes about who has made the connection (HAProxy's PROXY protocol, versions
/// 1 and 2).
enum ProxyProtocol {
    enum Verdict: Hashable {
        /// It is not complete; this many octets at least must be there.
        case needsMore(Int)
        /// - Parameters:
        ///   - count: Octets before the connection's own.
        ///   - source: Who has made it; nil for the proxy itself, or where it does not know.
        case introduced(count: Int, source: SocketAddress?)
        case refused(String)
    }

    /// Octets of a header at most: what follows the addresses of version 2 is of no use here, but has to be let pass.
    static let longest = 2048
    /// The line of version 1 with its end at most.
    private static let longestLine = 107
    static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
    private static let word = Array("PROXY ".utf8)

    /// - Parameter bytes: All that has come, from the first byte on.
    static func judge(_ bytes: Span<UInt8>) -> Verdict {
        guard bytes.count > 0 else { return .needsMore(1) }
        let mark = bytes[0] == signature[0] ? signature : word
        for index in 0..<min(mark.count, bytes.count) where bytes[index] != mark[index] {
            return .refused("it does not begin with the PROXY protocol")
        }
        if bytes.count < mark.count { return .needsMore(bytes.count + 1) }
        return mark == word ? line(bytes) : binary(bytes)
    }

    // Version 1

    private static func line(_ bytes: Span<UInt8>) -> Verdict {
        for index in 0..<min(bytes.count, longestLine) where bytes[index] == UInt8(ascii: "\n") {
            guard bytes[index - 1] == UInt8(ascii: "\r") else { break }
            let text = String(octets: bytes.extracting(0..<(index - 1)))
            guard let source = source(of: text) else { return .refused("its PROXY line cannot be read") }
            return .introduced(count: index + 1, source: source.address)
        }
        return bytes.count < longestLine ? .needsMore(bytes.count + 1) : .refused("its PROXY line does not end")
    }

    private struct Source { var address: SocketAddress? }

    /// `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`, or `PROXY UNKNOWN` and whatever follows.
    private static func source(of line: String) -> Source? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        if words.count >= 2, words[1] == "UNKNOWN" { return Source() }
        guard words.count == 6, let ip = IPAddress(words[2]), let target = IPAddress(words[3]),
            let port = UInt16(words[4]), UInt16(words[5]) != nil, ip.isIPv6 == target.isIPv6,
            words[1] == (ip.isIPv6 ? "TCP6" : "TCP4")
        else { return nil }
        return Source(address: SocketAddress(ip.unmapped, port: port))
    }

    // Version 2

    private static func binary(_ bytes: Span<UInt8>) -> Verdict {
        let start = signature.count + 4
        guard bytes.count >= start else { return .needsMore(start) }
        let count = start + Int(bytes[14]) << 8 + Int(bytes[15])
        guard bytes[12] >> 4 == 2, bytes[12] & 15 <= 1 else {
            return .refused("its PROXY header is of no known version")
        }
        guard count <= longest else { return .refused("its PROXY header has \(count) octets, of \(longest) at most") }
        guard bytes.count >= count else { return .needsMore(count) }
        // A proxy that checks whether this one lives speaks for itself.
        if bytes[12] & 15 == 0 { return .introduced(count: count, source: nil) }
        func number(_ octets: Int, at offset: Int) -> UInt64 {
            (0..<octets).reduce(0) { $0 << 8 | UInt64(bytes[start + offset + $1]) }
        }
        switch bytes[13] {
        case 0x11 where count >= start + 12:
            let ip = IPAddress(ipv4: UInt32(number(4, at: 0)))
            return .introduced(count: count, source: SocketAddress(ip, port: UInt16(number(2, at: 8))))
        case 0x21 where count >= start + 36:
            let ip = IPAddress(high: number(8, at: 0), low: number(8, at: 8)).unmapped
            return .introduced(count: count, source: SocketAddress(ip, port: UInt16(number(2, at: 32))))
        case 0x11, 0x21: return .refused("its PROXY header ends within its addresses")
        case 0x00, 0x31, 0x32: return .introduced(count: count, source: nil)
        default: return .refused("its PROXY header is not for TCP")
        }
    }
}
