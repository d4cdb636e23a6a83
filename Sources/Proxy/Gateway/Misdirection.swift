internal import Discovery
internal import TLS

/// Tells requests that a client sends on a connection for another server from requests for nothing.
///
/// HTTP/2 clients use one connection for all hosts of its certificate (RFC 9113 §9.1.1). Where a gateway serves some of
/// these hosts elsewhere, under rules of their own, the client must be sent there instead of being told that there is
/// nothing: Envoy says 404, and users are puzzled.
enum Misdirection {
    /// - Parameter host: One that `table` has no virtual host for; in lower case, without port.
    static func applies(
        to host: String,
        on info: ConnectionInfo,
        _ table: CompiledTable,
        _ tables: ProxyTables
    ) -> Bool {
        guard info.tls?.applicationProtocol == "h2", !table.serves(host),
            case .terminate(let tls)? = info.chain?.configuration.transport
        else { return false }
        return tables.gateway?.credentials.certificates(for: tls).contains { $0.isFor(host: host) } ?? false
    }
}
