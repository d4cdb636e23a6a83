internal import Base
internal import HTTP

/// What a gateway changes in a request's head, besides what every proxy does: nothing that a client says of itself is
/// believed (Envoy's `use_remote_address` without trusted proxies).
struct GatewayRequestRules {
    let info: ConnectionInfo

    func apply(to head: inout HTTP1Head) {
        removeProxyFields(&head)
        let address = "\(info.peer.ip)"
        head.set(.xEnvoyExternalAddress, to: address)
        appendForwardedFor(address, &head)
        head.set(.xForwardedProto, to: info.tls == nil ? "http" : "https")
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
