/// What a client sends to a server's port, as far as accepting it depends on it.
public enum InboundBytes: Hashable, Sendable, CaseIterable {
    /// HTTP without TLS.
    case plainHTTP
    /// Anything else without TLS.
    case plainTCP
    /// TLS of the application, with a certificate of the mesh or without.
    case applicationTLS
    /// Mutual TLS of the mesh with HTTP inside (ALPN `istio-http/1.1` and the like).
    case meshHTTP
    /// Mutual TLS of the mesh with anything else inside (ALPN `istio`).
    case meshTCP

    public var isPlaintext: Bool { self == .plainHTTP || self == .plainTCP }
}

/// What becomes of a connection that a sidecar accepts (Istio's inbound filter chains).
public enum InboundOutcome: Hashable, Sendable {
    /// It reaches the application, and was plaintext.
    case plaintext
    /// Mutual TLS ends at the proxy; the application gets what was inside.
    case terminated
    /// TLS reaches the application as it is.
    case passed
    /// The connection is closed: nothing accepts such bytes on this port.
    case closed
    /// The bytes are no HTTP, and the port is for HTTP only.
    case protocolError
    /// The handshake fails: a certificate of the mesh is asked for and not shown.
    case handshakeFailure

    /// Whether the proxy lets the connection through; TLS that is passed on then still needs an application that speaks it.
    public var isAccepted: Bool {
        switch self {
        case .plaintext, .terminated, .passed: true
        case .closed, .protocolError, .handshakeFailure: false
        }
    }

    /// What a port with this mode and protocol does with such bytes.
    public init(of bytes: InboundBytes, application: Application, mode: MutualTLSMode) {
        let isHTTPOnly = application == .http || application == .http2
        switch (mode, bytes) {
        case (.strict, .plainHTTP), (.strict, .plainTCP): self = .closed
        case (.strict, .applicationTLS): self = .handshakeFailure
        case (_, .plainTCP) where isHTTPOnly: self = .protocolError
        case (_, .plainHTTP), (_, .plainTCP): self = .plaintext
        case (.strict, .meshHTTP), (.strict, .meshTCP), (.permissive, .meshHTTP), (.permissive, .meshTCP):
            self = isHTTPOnly && bytes == .meshTCP ? .protocolError : .terminated
        // Without an istio ALPN token no chain of an HTTP port is for TLS.
        case (.permissive, .applicationTLS): self = isHTTPOnly ? .closed : .passed
        // Nobody looks for TLS here: it is bytes like any other.
        case (.disable, .applicationTLS), (.disable, .meshHTTP), (.disable, .meshTCP):
            self = isHTTPOnly ? .protocolError : .passed
        }
    }
}
