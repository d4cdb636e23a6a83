internal import Glibc

/// An IPv4 or IPv6 address, without zone; a plain value without heap.
///
/// An IPv4-mapped IPv6 address is not the IPv4 address it maps, see ``unmapped``.
public struct IPAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The first eight octets as a big-endian number; 0 for IPv4.
    public let high: UInt64
    /// The last eight octets as a big-endian number; IPv4 uses its low 32 bits.
    public let low: UInt64
    public let isIPv6: Bool

    public init(ipv4 value: UInt32) {
        (high, low, isIPv6) = (0, UInt64(value), false)
    }

    public init(high: UInt64, low: UInt64) {
        (self.high, self.low, isIPv6) = (high, low, true)
    }

    /// Reads `192.0.2.1` or `2001:db8::1`; nil for anything else, brackets, zones and leading zeros included.
    public init?(_ text: some StringProtocol) {
        if let four = Self.parseIPv4(text) {
            self.init(ipv4: four)
            return
        }
        guard text.utf8.count <= 45, text.utf8.contains(UInt8(ascii: ":")), !text.utf8.contains(0) else { return nil }
        var raw = in6_addr()
        guard unsafe inet_pton(AF_INET6, String(text), &raw) == 1 else { return nil }
        // Safe: in6_addr is sixteen octets without padding.
        let (high, low) = unsafe withUnsafeBytes(of: raw) {
            unsafe (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self.init(high: high, low: low)
    }

    public static let loopback = IPAddress(ipv4: 0x7F00_0001)
    public static let loopback6 = IPAddress(high: 0, low: 1)
    /// 0.0.0.0: every address of the machine, when listening.
    public static let any = IPAddress(ipv4: 0)
    /// `::`: every address of the machine, when listening; IPv4 too.
    public static let any6 = IPAddress(high: 0, low: 0)

    public var isLoopback: Bool { isIPv6 ? high == 0 && low == 1 : low >> 24 == 127 }

    /// The IPv4 address that an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) stands for; otherwise itself.
    public var unmapped: IPAddress {
        isIPv6 && high == 0 && low >> 32 == 0xFFFF ? IPAddress(ipv4: UInt32(truncatingIfNeeded: low)) : self
    }

    /// The address's 4 or 16 octets, as in a certificate's subject alternative name.
    public var octets: [UInt8] {
        let low = (0..<8).map { UInt8(truncatingIfNeeded: self.low >> (56 - 8 * UInt64($0))) }
        return isIPv6
            ? (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * UInt64($0))) } + low : Array(low[4...])
    }

    /// As RFC 5952 writes it.
    public var description: String {
        guard isIPv6 else { return "\(low >> 24 & 255).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)" }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let octets = octets
        // Safe: both buffers outlive the call and have the sizes it expects.
        guard unsafe inet_ntop(AF_INET6, octets, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.isIPv6 ? 1 : 0, left.high, left.low) < (right.isIPv6 ? 1 : 0, right.high, right.low)
    }

    private static func parseIPv4(_ text: some StringProtocol) -> UInt32? {
        var value: UInt32 = 0
        var part: UInt32?
        var parts = 1
        var digits = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: ".") {
                guard let finished = part, parts < 4 else { return nil }
                value = value << 8 | finished
                (part, parts, digits) = (nil, parts + 1, 0)
                continue
            }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), !(digits > 0 && part == 0) else { return nil }
            let next = (part ?? 0) * 10 + UInt32(byte - UInt8(ascii: "0"))
            guard next <= 255 else { return nil }
            (part, digits) = (next, digits + 1)
        }
        guard let last = part, parts == 4 else { return nil }
        return value << 8 | last
    }
}
