internal import Base
internal import Discovery
internal import TLS

/// The workload's certificate and whom it believes: everything TLS is built from.
final class Credentials: Sendable {
    /// `spiffe://…`: the workload's own name.
    let identity: String
    init(identity: String) { self.identity = identity }
}

/// How one destination's encrypted endpoints are spoken to.
struct UpstreamSecurity: Equatable {
    enum Content { case http, bytes }
    static let missing = UpstreamSecurity()
    init() {}
    init(_ tls: ClientTLS, _ destination: Destination, _ credentials: Credentials?) {}
}
