public import Base
internal import COpenSSL

/// What all connections of one server configuration share; make it when configuration arrives, never per connection.
///
/// Clients resume sessions by tickets, for an hour and while their certificate is valid. Only contexts with the same
/// ``TLSServerConfiguration/ticketKeys`` or ``TLSServerConfiguration/rememberedSessions`` can use them, and only those with
/// the same rules accept them.
public final class TLSServerContext: Sendable {
    let context: TLSContext

    /// - Throws: ``MeshError`` `invalidConfiguration` that names what cannot be used.
    public init(_ configuration: TLSServerConfiguration) throws(MeshError) {
        guard !configuration.identities.isEmpty else {
            throw MeshError(.invalidConfiguration, "a TLS server needs a certificate")
        }
        try Self.check(configuration)
        let verification = configuration.clientCertificate.verification
        context = try unsafe TLSContext(
            TLS_server_method(),
            configuration.parameters,
            verification,
            server: ServerPolicy(configuration)
        )
        for identity in configuration.identities { try context.use(identity) }
        let raw = unsafe context.raw
        _ = unsafe SSL_CTX_set_options(raw, COpenSSL_OP_CIPHER_SERVER_PREFERENCE)
        unsafe SSL_CTX_set_client_hello_cb(raw, settlePreference, nil)
        if configuration.rememberedSessions != nil { rememberSessions() } else { sealSessions() }
        unsafe SSL_CTX_set_timeout(raw, 3600)
        // Each connection, resumed or not, gets one ticket for the one that comes after it: as many as are used. Making
        // one costs OpenSSL 3.0 about a tenth of a handshake.
        unsafe SSL_CTX_set_num_tickets(raw, 1)
        if !context.applicationProtocols.names.isEmpty {
            unsafe SSL_CTX_set_alpn_select_cb(raw, chooseProtocol, nil)
        }
        if configuration.identities.contains(where: { $0.staple != nil }) {
            unsafe COpenSSL_CTX_set_status_callback(raw, sendStaple)
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

extension TLSServerContext {
    private func sealSessions() {
        unsafe COpenSSL_CTX_set_session_cache(context.raw, 0)
        unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(context.raw, sealTicket)
        unsafe SSL_CTX_set_session_ticket_cb(context.raw, nil, judgeTicket, nil)
    }

    private func rememberSessions() {
        unsafe COpenSSL_CTX_set_server_session_cache(context.raw)
        // Tickets become references (TLS 1.3), or are not given (TLS 1.2, which has ids of its own).
        _ = unsafe SSL_CTX_set_options(context.raw, COpenSSL_OP_NO_TICKET)
        unsafe SSL_CTX_sess_set_new_cb(context.raw, rememberSession)
        unsafe SSL_CTX_sess_set_get_cb(context.raw, findSession)
    }

    private static func check(_ configuration: TLSServerConfiguration) throws(MeshError) {
        for isECDSA in [false, true] {
            let same = configuration.identities.filter { $0.isECDSA == isECDSA }
            guard same.count < 2 else {
                throw MeshError(
                    .invalidConfiguration,
                    "two certificates of one kind: \(same[0].leaf) and \(same[1].leaf) both have \(isECDSA ? "ECDSA" : "RSA") keys, and clients could not choose; give one of each kind"
                )
            }
        }
        if case .exactly(let names) = configuration.clientCertificate.verification?.names, names.isEmpty {
            throw MeshError(.invalidConfiguration, "an empty set of expected names would refuse every client")
        }
    }
}

/// Sends the OCSP response for the certificate that was chosen, if it still counts.
private func sendStaple(_ ssl: OpaquePointer?, _: UnsafeMutableRawPointer?) -> CInt {
    guard let ssl = unsafe ssl, let connection = unsafe TLSConnection.owner(of: ssl),
        let staple = connection.context.server?.identities[connection.chosenIdentity].staple, staple.isCurrent(),
        unsafe COpenSSL_set_status(ssl, staple.der, staple.der.count) == 1
    else { return SSL_TLSEXT_ERR_NOACK }
    return SSL_TLSEXT_ERR_OK
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

/// Refuses to resume a session whose client certificate may no longer be believed, or is missing though it is required.
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
    if let verification = connection.verification {
        if let peer = unsafe SSL_SESSION_get0_peer(session) {
            let isValid = unsafe X509_cmp_current_time(X509_get0_notAfter(peer)) > 0
            let isListed = verification.trust.revocationExpiry.map { Timestamp.now < $0 } ?? true
            guard isValid, isListed else { return SSL_TICKET_RETURN_IGNORE_RENEW }
        } else if unsafe SSL_get_verify_mode(ssl) & SSL_VERIFY_FAIL_IF_NO_PEER_CERT != 0 {
            return SSL_TICKET_RETURN_IGNORE_RENEW
        }
    }
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW
}
