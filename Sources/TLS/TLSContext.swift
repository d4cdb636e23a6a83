internal import Base
internal import COpenSSL

/// One `SSL_CTX` and what its callbacks need: all that connections of one configuration share.
@safe final class TLSContext: Sendable {
    // Safe: OpenSSL counts references to it atomically, and nothing changes it after init.
    nonisolated(unsafe) let raw: OpaquePointer
    let parameters: TLSParameters
    let applicationProtocols: ApplicationProtocols
    let verification: PeerVerification?
    let verifiedPeers = VerifiedPeers()
    /// What a server chooses by; nil for clients.
    let server: ServerPolicy?

    /// A context that follows `parameters`; the role's own settings come after.
    init(
        _ method: OpaquePointer?,
        _ parameters: TLSParameters,
        _ verification: PeerVerification?,
        server: ServerPolicy? = nil
    ) throws(MeshError) {
        OpenSSLErrors.clear()
        guard let raw = unsafe SSL_CTX_new(method) else {
            throw MeshError(.unavailable, "making a TLS context", cause: OpenSSLErrors.drain())
        }
        unsafe self.raw = raw
        self.parameters = parameters
        applicationProtocols = ApplicationProtocols(parameters.applicationProtocols)
        self.verification = verification
        self.server = server
        unsafe COpenSSL_CTX_set_modes(raw)
        _ = unsafe SSL_CTX_set_options(raw, COpenSSL_OP_NO_RENEGOTIATION)
        unsafe SSL_CTX_set_info_callback(raw, noteAlert)
        try set(parameters)
        try setSignatureAlgorithms(parameters.signatureAlgorithms)
        if let verification {
            unsafe COpenSSL_CTX_set_chain_store(raw, verification.trust.raw)
            // The callback finds the verification through the connection, so no pointer of ours is stored here.
            unsafe SSL_CTX_set_cert_verify_callback(raw, verifyPeer, nil)
        }
    }

    deinit { unsafe SSL_CTX_free(raw) }

    private func set(_ parameters: TLSParameters) throws(MeshError) {
        let (lowest, highest) = (parameters.versions.lowerBound, parameters.versions.upperBound)
        // TLS 1.0 and 1.1 sign with SHA-1, which levels above 0 forbid.
        unsafe SSL_CTX_set_security_level(raw, lowest < .tls12 || parameters.allowsWeakPeers ? 0 : 2)
        if parameters.allowsWeakPeers { _ = unsafe SSL_CTX_set_options(raw, COpenSSL_OP_LEGACY_SERVER_CONNECT) }
        guard unsafe COpenSSL_CTX_set_versions(raw, CInt(lowest.wireNumber), CInt(highest.wireNumber)) == 1 else {
            throw MeshError(.invalidConfiguration, "TLS versions \(lowest) to \(highest)", cause: OpenSSLErrors.drain())
        }
        let list = Self.cipherList(parameters)
        guard unsafe SSL_CTX_set_cipher_list(raw, list) == 1 else {
            throw MeshError(
                .invalidConfiguration,
                "no usable cipher suite among \(parameters.cipherSuites.joined(separator: ", ")); use OpenSSL's names, such as ECDHE-RSA-AES128-GCM-SHA256",
                cause: OpenSSLErrors.drain()
            )
        }
        var names: [String] = []
        for name in parameters.groups where !names.contains(name) { names.append(name) }  // OpenSSL wants each once.
        let groups = names.joined(separator: ":")
        guard unsafe COpenSSL_CTX_set_groups(raw, groups) == 1 else {
            throw MeshError(
                .invalidConfiguration,
                "unknown key exchange group in \(groups)",
                cause: OpenSSLErrors.drain()
            )
        }
    }

    private func setSignatureAlgorithms(_ names: [String]) throws(MeshError) {
        if names.isEmpty { return }
        let list = names.joined(separator: ":")
        guard unsafe COpenSSL_CTX_set_signature_algorithms(raw, list) == 1 else {
            throw MeshError(
                .invalidConfiguration,
                "unknown signature algorithm in \(list)",
                cause: OpenSSLErrors.drain()
            )
        }
    }

    /// The suites up to TLS 1.2 as OpenSSL reads them; TLS 1.3 has its own, so a list for that alone cannot be wrong.
    private static func cipherList(_ parameters: TLSParameters) -> String {
        let isNeeded = parameters.versions.lowerBound < .tls13 && !parameters.cipherSuites.isEmpty
        guard isNeeded else { return CipherPreference.standard?.text ?? "" }
        if let preference = CipherPreference(parameters.cipherSuites) { return preference.text }
        // An expression such as ALL: at security level 0 it would mean suites without a certificate as well.
        return parameters.cipherSuites.joined(separator: ":") + ":!aNULL:!eNULL:!PSK:!SRP"
    }

    /// Shows `identity` to peers that want to see one of its key's kind.
    func use(_ identity: TLSIdentity) throws(MeshError) {
        OpenSSLErrors.clear()
        guard unsafe SSL_CTX_use_certificate(raw, identity.leaf.raw) == 1,
            unsafe SSL_CTX_use_PrivateKey(raw, identity.key.raw) == 1
        else { throw MeshError(.invalidConfiguration, "using \(identity.leaf)", cause: OpenSSLErrors.drain()) }
        for certificate in identity.chain.dropFirst() {
            guard unsafe COpenSSL_CTX_add_chain(raw, certificate.raw) == 1 else {
                throw MeshError(.invalidConfiguration, "using \(certificate)", cause: OpenSSLErrors.drain())
            }
        }
    }
}

/// Remembers alerts, so that a failure can be told in the words of the side that gave up.
private func noteAlert(_ ssl: OpaquePointer?, _ event: CInt, _ value: CInt) {
    guard event & CInt(SSL_CB_ALERT) != 0, value & 0xFF != 0, let connection = unsafe TLSConnection.owner(of: ssl)
    else { return }
    let alert = TLSAlert(rawValue: UInt8(truncatingIfNeeded: value))
    if event & CInt(SSL_CB_READ) != 0 { connection.alertReceived = alert } else { connection.alertSent = alert }
}

/// Decides about the peer's chain: first OpenSSL, then the names.
private func verifyPeer(_ chain: OpaquePointer?, _: UnsafeMutableRawPointer?) -> CInt {
    guard let connection = unsafe TLSConnection.owner(of: COpenSSL_store_ctx_ssl(chain)),
        let verification = connection.verification, let leaf = unsafe X509_STORE_CTX_get0_cert(chain)
    else { return 0 }
    if unsafe !leadsToRoot(chain, leaf, connection.context), !verification.acceptsAnyChain {
        let code = unsafe X509_STORE_CTX_get_error(chain)
        connection.verificationProblem = unsafe String(cString: X509_verify_cert_error_string(Int(code)))
        return 0
    }
    let certificate = unsafe Certificate(sharing: leaf)
    if let objection = verification.objection(to: certificate, host: connection.expectedHost) {
        connection.verificationProblem = objection
        // Of the codes that OpenSSL has no alert for, so that certificate_unknown is sent, as Envoy does for a wrong name.
        unsafe X509_STORE_CTX_set_error(chain, X509_V_ERR_PERMITTED_VIOLATION)
        return 0
    }
    unsafe X509_STORE_CTX_set_error(chain, X509_V_OK)
    return 1
}

private func leadsToRoot(_ chain: OpaquePointer?, _ leaf: OpaquePointer, _ context: TLSContext) -> Bool {
    // What a revocation list allows, it allows for a time only.
    let isRemembered = context.verification?.trust.checksRevocation == false
    let fingerprint = isRemembered ? unsafe VerifiedPeers.fingerprint(of: leaf) : nil
    if let fingerprint, context.verifiedPeers.contains(fingerprint) { return true }
    guard unsafe X509_verify_cert(chain) == 1 else { return false }
    if let fingerprint {
        let expiry = unsafe VerifiedPeers.expiry(ofChain: X509_STORE_CTX_get0_chain(chain))
        context.verifiedPeers.insert(fingerprint, until: expiry)
    }
    return true
}
