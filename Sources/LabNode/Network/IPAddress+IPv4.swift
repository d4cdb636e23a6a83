internal import Base

/// The lab's own network is an IPv4 one.
extension IPAddress {
    init(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) {
        self.init(ipv4: UInt32(first) << 24 | UInt32(second) << 16 | UInt32(third) << 8 | UInt32(fourth))
    }

    /// Reads an IPv4 address; nil for anything else.
    init?(ipv4Text text: some StringProtocol) {
        guard let address = IPAddress(text), !address.isIPv6 else { return nil }
        self = address
    }

    /// The address as a number.
    var ipv4: UInt32 { UInt32(truncatingIfNeeded: low) }
    /// The address after this one.
    var next: IPAddress { IPAddress(ipv4: ipv4 &+ 1) }
}
