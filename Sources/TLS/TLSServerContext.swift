public import Base
internal import COpenSSL

/// What all connections of one server configuration share; make it when configuration arrives, never per connection.
///
/// Clients resume sessions by tickets that only this context can read, for an hour and while their certificate is valid.
public final class TLSServerContext: Sendable {
    let context: TLSContext

    /// - Throws: ``MeshError`` `invalidConfiguration` that names what cannot be used.
    public init(_ configuration: TLSServerConfiguration) throws(MeshError) {
        guard !configuration.identities.isEmpty else {
            throw MeshError(.invalidConfiguration, "a TLS server needs a certificate")
        }
        let verification = configuration.clientCertificate.verification
        context = try unsafe TLSContext(TLS_server_method(), configuration.parameters, verification)
        for identity in configuration.identities { try context.use(identity) }
        let raw = unsafe context.raw
        _ = unsafe SSL_CTX_set_options(raw, COpenSSL_OP_CIPHER_SERVER_PREFERENCE)
        unsafe SSL_CTX_set_client_hello_cb(raw, settlePreference, nil)
        unsafe COpenSSL_CTX_set_session_cache(raw, 0)
        // Without a name for its sessions OpenSSL refuses to resume any that has a client certificate. Each context has
        // ticket keys of its own, so a session never moves to a context with other rules.
        unsafe SSL_CTX_set_session_id_context(raw, [1], 1)
        unsafe SSL_CTX_set_timeout(raw, 3600)
        // Each connection, resumed or not, gets one ticket for the one that comes after it: as many as are used. Making
        // one costs OpenSSL 3.0 about a tenth of a handshake.
        unsafe SSL_CTX_set_num_tickets(raw, 1)
        unsafe SSL_CTX_set_session_ticket_cb(raw, nil, judgeTicket, nil)
        if !context.applicationProtocols.names.isEmpty {
            unsafe SSL_CTX_set_alpn_select_cb(raw, chooseProtocol, nil)
        }
        switch configuration.clientCertificate {
        case .none: unsafe SSL_CTX_set_verify(raw, SSL_VERIFY_NONE, nil)
        case .optional: unsafe SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nil)
        case .required: unsafe SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
        for root in verification?.trust.roots ?? [] { unsafe SSL_CTX_add_client_CA(raw, root.raw) }
        OpenSSLErrors.clear()
    }
}

/// Chooses the first of the server's protocols that the client offers; without one the handshake goes on without ALPN.
private func chooseProtocol(
    _ ssl: OpaquePointer?,
    _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?,
    _ offered: UnsafePointer<UInt8>?,
    _ offeredCount: UInt32,
    _: UnsafeMutableRawPointer?
) -> CInt {
    guard let connection = unsafe TLSConnection.owner(of: ssl) else { return SSL_TLSEXT_ERR_NOACK }
    // Safe: OpenSSL vouches for `offeredCount` octets, and keeps them until it has copied the choice.
    let offer = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
    guard let range = unsafe connection.context.applicationProtocols.choose(from: offer.span),
        let first = unsafe offered?.advanced(by: range.lowerBound)
    else { return SSL_TLSEXT_ERR_NOACK }
    unsafe chosen?.pointee = unsafe first
    unsafe chosenCount?.pointee = UInt8(range.count)
    return SSL_TLSEXT_ERR_OK
}

/// Refuses to resume a session whose client certificate has expired since, or is missing though one may be needed.
private func judgeTicket(
    _ ssl: OpaquePointer?,
    _ session: OpaquePointer?,
    _: UnsafePointer<UInt8>?,
    _: Int,
    _ status: SSL_TICKET_STATUS,
    _: UnsafeMutableRawPointer?
) -> SSL_TICKET_RETURN {
    guard status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW,
        let connection = unsafe TLSConnection.owner(of: ssl)
    else { return SSL_TICKET_RETURN_IGNORE_RENEW }
    if connection.verification != nil {
        guard let peer = unsafe SSL_SESSION_get0_peer(session) else { return SSL_TICKET_RETURN_IGNORE_RENEW }
        guard unsafe X509_cmp_current_time(X509_get0_notAfter(peer)) > 0 else { return SSL_TICKET_RETURN_IGNORE_RENEW }
    }
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW
}
