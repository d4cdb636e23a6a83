public import Base
internal import COpenSSL
internal import Glibc

/// Why a TLS connection failed, in the words of whichever side knew.
public struct TLSFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind, for a program to switch on.
    public enum Kind: Hashable, Sendable {
        /// The peer ended it with an alert: ``TLSFailure/alertReceived`` says which.
        case rejectedByPeer
        /// The peer's certificate is missing or not good enough: ``TLSFailure/reason`` says why.
        case peerNotVerified
        /// What the peer sent is not TLS.
        case notTLS
        /// The connection was reset, or ended in the middle of the handshake.
        case connectionLost
        /// The peer stopped sending without saying so; what came before may be cut short.
        case truncated
        /// Anything else that OpenSSL refuses.
        case protocolError
    }

    public let kind: Kind
    /// What happened, such as `wrong version number` (OpenSSL's words) or `certificate has expired`.
    public let reason: String
    public let alertReceived: TLSAlert?
    public let alertSent: TLSAlert?

    public var description: String {
        switch kind {
        case .rejectedByPeer:
            guard let alertReceived else { return reason }
            return alertReceived.concernsCertificate
                ? "peer rejected our certificate: \(alertReceived)" : "peer ended the handshake: \(alertReceived)"
        case .peerNotVerified:
            let sent = alertSent.map { " (alert sent: \($0))" } ?? ""
            return "peer certificate not accepted: \(reason)" + sent
        case .notTLS: return "peer does not speak TLS: \(reason)"
        case .connectionLost: return "connection lost: \(reason)"
        case .truncated: return "connection ended without close_notify"
        case .protocolError:
            return "TLS error: \(reason)" + (alertSent.map { " (alert sent: \($0))" } ?? "")
        }
    }

    /// The same for people, with the name of what was being done.
    public func meshError(_ doing: String) -> MeshError {
        switch kind {
        case .rejectedByPeer, .peerNotVerified: MeshError(.peerRejected, doing, cause: self)
        case .notTLS, .protocolError: MeshError(.protocolViolation, doing, cause: self)
        case .connectionLost, .truncated: MeshError(.unavailable, doing, cause: self)
        }
    }
}

extension TLSFailure {
    /// Makes sense of a failed call: OpenSSL's verdict (`SSL_get_error`), its queue, the verification and the alerts.
    init(
        verdict: CInt,
        errno code: CInt,
        verification: String?,
        alertReceived: TLSAlert?,
        alertSent: TLSAlert?,
        isHandshaking: Bool
    ) {
        let errors = OpenSSLErrors.drain()
        let ssl = errors.entries.last { $0.library == ERR_LIB_SSL }
        let kind: Kind
        var reason = ssl?.text ?? errors.description
        if alertReceived != nil {
            kind = .rejectedByPeer
        } else if let verification {
            (kind, reason) = (.peerNotVerified, verification)
        } else if ssl?.reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE {
            (kind, reason) = (.peerNotVerified, "peer sent no certificate")
        } else if ssl?.reason == SSL_R_UNEXPECTED_EOF_WHILE_READING || (verdict == SSL_ERROR_SYSCALL && code == 0) {
            kind = isHandshaking ? .connectionLost : .truncated
            reason = "peer closed the connection"
        } else if verdict == SSL_ERROR_SYSCALL {
            (kind, reason) = (.connectionLost, SystemError(call: "TLS", code: code).reason)
        } else if let ssl, Self.notTLSReasons.contains(ssl.reason) {
            kind = .notTLS
        } else {
            kind = .protocolError
        }
        self.init(kind: kind, reason: reason, alertReceived: alertReceived, alertSent: alertSent)
    }

    private static let notTLSReasons: Set<CInt> = [
        SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_BAD_RECORD_TYPE,
        SSL_R_UNKNOWN_PROTOCOL, SSL_R_PACKET_LENGTH_TOO_LONG,
    ]
}

extension SystemError {
    /// The errno in words, without the call's name.
    var reason: String { unsafe String(cString: strerror(code)) }
}
