internal import Discovery

/// How an accepted inbound connection is treated, chosen from the port's policy and the connection's first bytes.
///
/// The table is Istio's (`pilot/pkg/networking/core/filterchain_options.go`); one case stands for each kind of filter
/// chain that a port can have.
enum InboundChain: Hashable, Sendable {
    /// Mutual TLS ends here; what is inside is HTTP.
    case mutualTLSHTTP
    /// Mutual TLS ends here; what is inside is any bytes.
    case mutualTLSBytes
    /// Plaintext HTTP.
    case plaintextHTTP
    /// Plaintext bytes, or TLS that the application itself speaks.
    case bytes
    /// No chain matches: the connection is reset.
    case refuse(Refusal)

    /// Why no chain matches; the words a log line shows.
    enum Refusal: String, Sendable {
        case plaintextUnderStrict = "plaintext refused: mutual TLS is STRICT"
        case foreignTLSOnHTTPPort =
            "TLS without an Istio ALPN refused on an HTTP port: only the mesh's mutual TLS or plaintext HTTP is accepted"
    }

    /// What the connection turned out to speak at its very beginning.
    enum Transport: Hashable, Sendable {
        /// Not TLS, or not looked at.
        case raw
        /// A ClientHello, with what its ALPN list says.
        case tls(MeshOffer)
    }

    /// What a ClientHello's ALPN list says about a client of the mesh.
    enum MeshOffer: Hashable, Sendable {
        /// None of Istio's tokens: the TLS is the application's own.
        case none
        /// `istio` or `istio-peer-exchange`, and none of the HTTP tokens.
        case bytes
        /// `istio-http/1.0`, `istio-http/1.1` or `istio-h2`.
        case http

        /// Reads an ALPN list; order does not matter.
        init(protocols: [String]) {
            self = .none
            for name in protocols {
                if Self.httpTokens.contains(name) { self = .http }
                if self == .none, Self.bytesTokens.contains(name) { self = .bytes }
            }
        }

        private static let httpTokens = ["istio-http/1.1", "istio-http/1.0", "istio-h2"]
        private static let bytesTokens = ["istio", "istio-peer-exchange"]
    }

    /// Whether the first bytes must be looked at for a ClientHello; a DISABLE port forwards TLS untouched.
    static func looksForTLS(_ mode: MutualTLSMode) -> Bool { mode != .disable }

    /// Whether plaintext must be looked at for HTTP before a chain can be chosen.
    static func looksForHTTP(_ application: ApplicationProtocol, _ mode: MutualTLSMode) -> Bool {
        application == .auto && mode != .strict
    }

    /// Chooses the chain.
    ///
    /// - Parameter isHTTP: Whether plaintext began like HTTP; asked for only where ``looksForHTTP(_:_:)`` says so.
    static func select(
        _ application: ApplicationProtocol,
        _ mode: MutualTLSMode,
        _ transport: Transport,
        isHTTP: Bool
    ) -> Self {
        switch (transport, mode) {
        case (.raw, .strict): .refuse(.plaintextUnderStrict)
        case (.raw, _): plaintext(application, isHTTP: isHTTP)
        case (.tls, .disable): application.isHTTP ? .plaintextHTTP : .bytes
        case (.tls(let offer), .strict): mutualTLS(application, offer)
        case (.tls(.none), .permissive): application.isHTTP ? .refuse(.foreignTLSOnHTTPPort) : .bytes
        case (.tls(let offer), .permissive): mutualTLS(application, offer)
        }
    }

    private static func plaintext(_ application: ApplicationProtocol, isHTTP: Bool) -> Self {
        switch application {
        case .http, .http2: .plaintextHTTP
        case .tcp: .bytes
        case .auto: isHTTP ? .plaintextHTTP : .bytes
        }
    }

    private static func mutualTLS(_ application: ApplicationProtocol, _ offer: MeshOffer) -> Self {
        switch application {
        case .http, .http2: .mutualTLSHTTP
        case .tcp: .mutualTLSBytes
        case .auto: offer == .http ? .mutualTLSHTTP : .mutualTLSBytes
        }
    }
}

extension ApplicationProtocol {
    /// Whether the port was declared to speak HTTP of some version.
    var isHTTP: Bool { self == .http || self == .http2 }
}
