/// A range of IP addresses with a common prefix (RFC 4632), such as `10.0.0.0/8`.
public struct IPNetwork: Hashable, Sendable {
    /// Its first address.
    public let address: IPAddress
    /// 0...32, or 0...128 for IPv6.
    public let prefixLength: Int

    /// Reads `10.0.0.0/8` or a single address; bits after the prefix do not count.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        let limit = address.isIPv6 ? 128 : 32
        var length = limit
        if parts.count == 2 {
            guard let number = Int(parts[1]), String(number) == parts[1], (0...limit).contains(number) else {
                return nil
            }
            length = number
        }
        prefixLength = length
        self.address = Self.masked(address, length)
    }

    public func contains(_ other: IPAddress) -> Bool {
        other.isIPv6 == address.isIPv6 && Self.masked(other, prefixLength) == address
    }

    private static func masked(_ address: IPAddress, _ length: Int) -> IPAddress {
        func mask(_ bits: Int) -> UInt64 { bits <= 0 ? 0 : bits >= 64 ? .max : ~(.max >> UInt64(bits)) }
        guard address.isIPv6 else { return IPAddress(ipv4: UInt32(address.low & (mask(length + 32) & 0xFFFF_FFFF))) }
        return IPAddress(high: address.high & mask(length), low: address.low & mask(length - 64))
    }
}
