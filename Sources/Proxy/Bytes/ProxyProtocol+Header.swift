internal import Base
internal import Discovery

extension ProxyProtocol {
    /// What tells an endpoint that the connection is one that `source` has made to `target`; empty for nothing.
    ///
    /// Both addresses have to be of one family: where they are not, the IPv4 one is written as the IPv6 one that maps it.
    static func header(
        _ version: Destination.ProxyProtocol,
        from source: SocketAddress,
        to target: SocketAddress
    ) -> [UInt8] {
        let (from, to) = (source.ip.unmapped, target.ip.unmapped)
        let isIPv6 = from.isIPv6 || to.isIPv6
        switch version {
        case .none: return []
        case .version1:
            let addresses = isIPv6 ? "TCP6 \(from.mapped) \(to.mapped)" : "TCP4 \(from) \(to)"
            return Array("PROXY \(addresses) \(source.port) \(target.port)\r\n".utf8)
        case .version2:
            let addresses = isIPv6 ? from.mapped.octets + to.mapped.octets : from.octets + to.octets
            let ports = [source.port, target.port].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
            let count = UInt8(addresses.count + ports.count)
            return signature + [0x21, isIPv6 ? 0x21 : 0x11, 0, count] + addresses + ports
        }
    }
}

extension IPAddress {
    /// The IPv6 address that stands for an IPv4 one (`::ffff:192.0.2.1`); an IPv6 address itself.
    fileprivate var mapped: IPAddress { isIPv6 ? self : IPAddress(high: 0, low: 0xFFFF << 32 | low) }
}
