internal import Base
internal import EventLoop

/// Which addresses a name may lead to that a client has chosen: never back to the machine that asks, nor to what only it
/// can reach.
///
/// Otherwise whoever answers for one name of a wildcard could lead clients to the proxy's own ports, to the application
/// behind it, or to a cloud's metadata service. Private networks are allowed, for such names exist in companies' own DNS.
enum ForwardableAddress {
    /// Why nothing is sent there; nil when it may be.
    static func objection(to address: IPAddress) -> String? {
        if let kind = kind(of: address.unmapped) { return "\(address) is \(kind)" }
        return Socket.isOwn(address.unmapped) ? "\(address) is this machine's own" : nil
    }

    /// What an address is for that no name should lead to (RFC 6890); nil for any other.
    static func kind(of address: IPAddress) -> String? {
        address.isIPv6 ? kind(high: address.high, low: address.low) : kind(UInt32(truncatingIfNeeded: address.low))
    }

    private static func kind(_ ipv4: UInt32) -> String? {
        switch ipv4 >> 24 {
        case 0: "unspecified"
        case 127: "a loopback address"
        case 169 where ipv4 >> 16 & 0xFF == 254: "link-local"
        case 224...239: "multicast"
        case 240...255: "reserved"
        default: nil
        }
    }

    private static func kind(high: UInt64, low: UInt64) -> String? {
        if high == 0, low <= 1 { return low == 0 ? "unspecified" : "a loopback address" }
        if high >> 56 == 0xFF { return "multicast" }
        if high >> 54 == 0x3FA { return "link-local" }
        // Addresses that hold one of IPv4: ::/96 (RFC 4291 §2.5.5.1), and those of translators (RFC 6052 §2.1).
        let holdsIPv4 = high == 0 && low >> 32 == 0 || high == 0x0064_FF9B_0000_0000 && low >> 32 == 0
        return holdsIPv4 ? kind(UInt32(truncatingIfNeeded: low)) : nil
    }
}
