/// What a finished handshake has agreed on.
public struct TLSInfo: Sendable {
    public let version: TLSVersion
    /// OpenSSL's name, such as `TLS_AES_256_GCM_SHA384`.
    public let cipherSuite: String
    /// The key exchange group by OpenSSL's name, such as `x25519`; nil where none was used.
    public let group: String?
    /// The ALPN protocol that was chosen; nil without one.
    public let applicationProtocol: String?
    /// The name that the client asked for (SNI); nil without one.
    public let serverName: String?
    /// Whether an earlier session was resumed, without a new exchange of certificates.
    public let isResumed: Bool
    /// The peer's own certificate, verified as the context demands; nil when it showed none.
    public let peerCertificate: Certificate?
}
