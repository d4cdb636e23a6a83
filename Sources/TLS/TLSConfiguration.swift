/// What both ends of TLS can be told.
public struct TLSParameters: Sendable, Hashable {
    /// Lowest and highest version to speak; below TLS 1.2 OpenSSL's security level goes down to 0.
    public var versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
    /// Suites up to TLS 1.2 by OpenSSL's names, in order; empty means Envoy's default.
    ///
    /// That is forward-secret AES-GCM and ChaCha20, where the client's order decides between AES128-GCM and ChaCha20. An
    /// entry `[A|B]` makes equals of A and B in the same way. Suites without authentication or encryption are never
    /// spoken, whatever the list says. With TLS 1.3 the client's order always decides.
    public var cipherSuites: [String] = []
    /// Key exchange groups by OpenSSL's names, in order.
    public var groups = ["X25519", "P-256"]
    /// Signature algorithms by OpenSSL's names, in order; empty for OpenSSL's own.
    public var signatureAlgorithms: [String] = []
    /// Whether keys and signatures are accepted that are too weak to protect anything: for looking at servers only.
    public var allowsWeakPeers = false
    /// ALPN: what a client offers, or what a server chooses from in its own order; empty for none.
    public var applicationProtocols: [String] = []

    public init() {}
}

/// How a server of TLS behaves.
public struct TLSServerConfiguration: Sendable {
    /// Whether the client shows a certificate.
    public enum ClientCertificate: Sendable {
        /// It is not asked for one.
        case none
        /// It may; what it shows must be good.
        case optional(PeerVerification)
        /// It must.
        case required(PeerVerification)

        /// All that decides who may connect, for telling two configurations apart.
        var fingerprint: String {
            switch self {
            case .none: "none"
            case .optional(let verification): "optional \(verification.fingerprint)"
            case .required(let verification): "required \(verification.fingerprint)"
            }
        }

        var verification: PeerVerification? {
            switch self {
            case .none: nil
            case .optional(let verification), .required(let verification): verification
            }
        }
    }

    /// At least one; an RSA and an ECDSA one may stand side by side, and the client's abilities decide.
    public var identities: [TLSIdentity]
    public var parameters = TLSParameters()
    public var clientCertificate = ClientCertificate.none

    /// What sessions are sealed with, to be shared with the context that replaces this one; nil for keys of its own.
    public var ticketKeys: TicketKeys?

    /// Where sessions are kept instead of being sealed, to be shared like the keys; nil for sealing.
    public var rememberedSessions: RememberedSessions?

    public init(identity: TLSIdentity) { identities = [identity] }
}

/// How a client of TLS behaves.
public struct TLSClientConfiguration: Sendable {
    /// What to show when the server asks; nil for nothing.
    public var identity: TLSIdentity?
    public var parameters = TLSParameters()
    public var verification: PeerVerification
    /// Whether the server is asked for an OCSP response (``TLSConnection/stapledResponse``), which is not judged.
    public var asksForStaple = false
    /// Whether the server may give tickets; without, it can only remember sessions itself (up to TLS 1.2).
    public var usesTickets = true

    public init(verification: PeerVerification) { self.verification = verification }
}
