public import Base
internal import COpenSSL

/// What all connections of one client configuration share; make it when configuration arrives, never per connection.
///
/// Remembers the tickets that servers give, so that later connections to the same destination resume.
public final class TLSClientContext: Sendable {
    let context: TLSContext
    let sessions: SessionCache
    let asksForStaple: Bool

    /// The suites of TLS 1.3 in the order of Envoy (BoringSSL on machines with AES instructions).
    ///
    /// Servers leave the choice to clients. OpenSSL's own order begins with AES-256, for whose SHA-384 processors have no
    /// instructions.
    private static let modernSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

    /// - Throws: ``MeshError`` `invalidConfiguration` that names what cannot be used.
    public init(_ configuration: TLSClientConfiguration) throws(MeshError) {
        if case .exactly(let names) = configuration.verification.names, names.isEmpty {
            throw MeshError(.invalidConfiguration, "an empty set of expected names would refuse every server")
        }
        asksForStaple = configuration.asksForStaple
        sessions = SessionCache(isVerified: !configuration.verification.acceptsAnyChain)
        context = try unsafe TLSContext(TLS_client_method(), configuration.parameters, configuration.verification)
        let raw = unsafe context.raw
        unsafe SSL_CTX_set_ciphersuites(raw, Self.modernSuites)
        if let identity = configuration.identity {
            try context.use(identity)
        } else {
            unsafe SSL_CTX_set_client_cert_cb(raw, noteCertificateRequest)
        }
        if !configuration.usesTickets { _ = unsafe SSL_CTX_set_options(raw, COpenSSL_OP_NO_TICKET) }
        unsafe COpenSSL_CTX_set_session_cache(raw, 1)
        unsafe SSL_CTX_sess_set_new_cb(raw, keepSession)
        unsafe SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nil)
        let offer = context.applicationProtocols.wire
        if !offer.isEmpty { unsafe SSL_CTX_set_alpn_protos(raw, offer, CUnsignedInt(offer.count)) }
        OpenSSLErrors.clear()
    }
}

/// Remembers that the server asked for a certificate; 0 means that there is none.
private func noteCertificateRequest(
    _ ssl: OpaquePointer?,
    _: UnsafeMutablePointer<OpaquePointer?>?,
    _: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
    unsafe TLSConnection.owner(of: ssl)?.wasAskedForCertificate = true
    return 0
}

/// Puts a new session where the next connection finds it; 1 means that the reference is ours now.
private func keepSession(_ ssl: OpaquePointer?, _ session: OpaquePointer?) -> CInt {
    guard let session = unsafe session, let connection = unsafe TLSConnection.owner(of: ssl),
        let sessions = connection.sessions, let key = connection.sessionKey
    else { return 0 }
    sessions.store(unsafe Session(adopting: session), for: key)
    return 1
}
