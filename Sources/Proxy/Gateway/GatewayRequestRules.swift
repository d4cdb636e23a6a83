internal import Base
internal import HTTP

/// What a gateway changes in a request's head, besides what every proxy does: nothing that a client says of itself is
/// believed (Envoy's `use_remote_address`), and only so many proxies before it are (`xff_num_trusted_hops`).
struct GatewayRequestRules {
    let info: ConnectionInfo
    /// How many proxies before this one write `x-forwarded-for` and `x-forwarded-proto` truthfully.
    var trustedProxies = 0

    /// - Returns: Who made the request by the word of proxies that are believed; nil for the connection's other end.
    func apply(to head: inout HTTP1Head) -> IPAddress? {
        removeProxyFields(&head)
        let client = trustedProxies > 0 ? trustedClient(head) : nil
        // Clients of a Unix socket have no address.
        if info.target.port != 0 {
            appendForwardedFor("\(info.peer.ip)", &head)
            head.set(.xEnvoyExternalAddress, to: "\(client ?? info.peer.ip)")
        }
        if trustedProxies == 0 || !head.contains(.xForwardedProto) {
            head.set(.xForwardedProto, to: info.tls == nil ? "http" : "https")
        }
        return client
    }

    /// The address that the outermost of the believed proxies saw: so many from the end of the list; nil when the list is
    /// shorter, or has no address there.
    private func trustedClient(_ head: HTTP1Head) -> IPAddress? {
        var list: [Substring] = []
        var next = head.firstIndex(of: .xForwardedFor)
        while let index = next {
            list += String(octets: head.value(at: index)).split(separator: ",", omittingEmptySubsequences: false)
            next = head.firstIndex(of: .xForwardedFor, from: index + 1)
        }
        guard list.count >= trustedProxies else { return nil }
        let text = list[list.count - trustedProxies]
        return IPAddress(text.filter { $0 != " " && $0 != "\t" })?.unmapped
    }

    /// What proxies tell each other; from a client it would be an order to the proxies behind.
    private func removeProxyFields(_ head: inout HTTP1Head) {
        for index in head.fieldIndices where !head.isRemoved(at: index) {
            if Self.isProxyField(head.name(at: index)) { head.remove(at: index) }
        }
    }

    private static let prefix = InlineArray<8, UInt8> { Array("x-envoy-".utf8)[$0] }

    private static func isProxyField(_ name: Span<UInt8>) -> Bool {
        guard name.count > prefix.count else { return false }
        // The hyphens do not change by it, and names have nothing else that becomes one.
        for index in prefix.indices where name[index] | 0x20 != prefix[index] { return false }
        return true
    }

    /// Adds the client to the list of those that the request has passed, which stays one field.
    private func appendForwardedFor(_ address: String, _ head: inout HTTP1Head) {
        guard let first = head.firstIndex(of: .xForwardedFor) else { return head.append(.xForwardedFor, address) }
        var list = [UInt8](copying: head.value(at: first))
        var index = first
        while let next = head.firstIndex(of: .xForwardedFor, from: index + 1) {
            list.append(UInt8(ascii: ","))
            list += [UInt8](copying: head.value(at: next))
            index = next
        }
        list.append(UInt8(ascii: ","))
        list += address.utf8
        head.set(.xForwardedFor, to: list.span)
    }
}
