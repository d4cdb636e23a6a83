internal import COpenSSL

/// Chooses certificate, suite and group as Envoy's BoringSSL does, which OpenSSL cannot be told to by settings alone.
///
/// Up to TLS 1.2 the server's order decides, and the client's among equals. With TLS 1.3 the client's order decides, and
/// the server's best group is insisted on if the client knows it.
enum EqualPreference {
    /// Settles what the hello on `ssl` asks for.
    static func apply(to ssl: OpaquePointer, _ connection: TLSConnection, _ policy: ServerPolicy) {
        let parameters = connection.context.parameters
        let scope = policy.sessionScope(serverName: unsafe serverName(ssl)[...])
        unsafe SSL_set_session_id_context(ssl, scope, CUnsignedInt(scope.count))
        let versions = unsafe numbers(ssl, extension: 43, skipping: 1)
        let isTLS13 = parameters.versions.upperBound >= .tls13 && versions.contains(TLSVersion.tls13.wireNumber)
        let suites = unsafe cipherSuites(ssl)
        if policy.identities.count > 1 {
            unsafe chooseIdentity(ssl, connection, policy, suites: suites, isModern: !versions.isEmpty)
        }
        let offered = unsafe numbers(ssl, extension: 10, skipping: 2)
        let best = KeyExchangeGroups.best(of: parameters.groups, for: offered)
        if isTLS13 {
            unsafe SSL_clear_options(ssl, COpenSSL_OP_CIPHER_SERVER_PREFERENCE)
            // With all on the list OpenSSL would take the key share that is there rather than ask for the better one.
            if let best { unsafe COpenSSL_set_groups(ssl, best) }
        } else {
            if let list = policy.preference?.text(for: suites) { unsafe SSL_set_cipher_list(ssl, list) }
            let hasRSA = policy.identities.contains { !$0.isECDSA }
            if hasRSA, unsafe COpenSSL_exchanges_keys_by_RSA(ssl) == 1 { DirectKeyMethods.exceptRSA() }
            // OpenSSL also holds the curve of a client's certificate against the list. What comes last on it is not chosen.
            if connection.verification != nil, let best {
                unsafe COpenSSL_set_groups(ssl, KeyExchangeGroups.all(after: best))
            }
        }
    }

    /// Shows the ECDSA certificate to clients that can read it, and the RSA one to the others, as Envoy does.
    private static func chooseIdentity(
        _ ssl: OpaquePointer,
        _ connection: TLSConnection,
        _ policy: ServerPolicy,
        suites: [UInt16],
        isModern: Bool
    ) {
        let signatures = unsafe numbers(ssl, extension: 13, skipping: 2)
        let groups = unsafe numbers(ssl, extension: 10, skipping: 2)
        let all = policy.identities.indices
        let candidates = all.filter { policy.identities[$0].isECDSA } + all.filter { !policy.identities[$0].isECDSA }
        let index =
            candidates.first { index in
                let identity = policy.identities[index]
                guard let curve = identity.curve else { return true }
                if isModern, connection.context.parameters.versions.upperBound >= .tls13 {
                    return signatures.contains(curve.signature)
                }
                let hasSuite = suites.contains(where: policy.ecdsaSuites.contains)
                return hasSuite && groups.contains(curve.group)
            } ?? policy.identities.startIndex
        connection.chosenIdentity = index
        unsafe SSL_certs_clear(ssl)
        let identity = policy.identities[index]
        unsafe SSL_use_certificate(ssl, identity.leaf.raw)
        unsafe SSL_use_PrivateKey(ssl, identity.key.raw)
        for certificate in identity.chain.dropFirst() { unsafe _ = COpenSSL_add_chain(ssl, certificate.raw) }
    }

    /// The name asked for as it is on the wire; empty without one.
    private static func serverName(_ ssl: OpaquePointer) -> [UInt8] {
        var (octets, count) = (unsafe UnsafePointer<UInt8>?.none, 0)
        guard unsafe SSL_client_hello_get0_ext(ssl, 0, &octets, &count) == 1 else { return [] }
        // Safe: OpenSSL vouches for `count` octets while the hello is being looked at.
        return unsafe Array(UnsafeBufferPointer(start: octets, count: count))
    }

    private static func cipherSuites(_ ssl: OpaquePointer) -> [UInt16] {
        var octets = unsafe UnsafePointer<UInt8>?.none
        let count = unsafe SSL_client_hello_get0_ciphers(ssl, &octets)
        return unsafe numbers(octets, count)
    }

    /// The numbers of an extension's list, which begins after its length of one or two octets.
    private static func numbers(_ ssl: OpaquePointer, extension type: CUnsignedInt, skipping: Int) -> [UInt16] {
        var (octets, count) = (unsafe UnsafePointer<UInt8>?.none, 0)
        guard unsafe SSL_client_hello_get0_ext(ssl, type, &octets, &count) == 1, count > skipping else { return [] }
        return unsafe numbers(octets.map { unsafe $0 + skipping }, count - skipping)
    }

    private static func numbers(_ octets: UnsafePointer<UInt8>?, _ count: Int) -> [UInt16] {
        // Safe: OpenSSL vouches for `count` octets while the hello is being looked at.
        let bytes = unsafe UnsafeBufferPointer(start: octets, count: count)
        return stride(from: 0, to: count - 1, by: 2).map { unsafe UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
    }
}

extension TLSIdentity {
    var isECDSA: Bool { leaf.keyDescription.hasPrefix("ECDSA") }

    /// What a client must know to read an ECDSA certificate: its curve's group, and its signature scheme in TLS 1.3.
    fileprivate var curve: (group: UInt16, signature: UInt16)? {
        switch leaf.keyDescription {
        case "ECDSA P-256": (23, 0x0403)
        case "ECDSA P-384": (24, 0x0503)
        case "ECDSA P-521": (25, 0x0603)
        default: nil
        }
    }
}

/// Called with each client's hello before anything is decided.
func settlePreference(_ ssl: OpaquePointer?, _: UnsafeMutablePointer<CInt>?, _: UnsafeMutableRawPointer?) -> CInt {
    if let ssl = unsafe ssl, let connection = unsafe TLSConnection.owner(of: ssl),
        let policy = connection.context.server
    {
        unsafe EqualPreference.apply(to: ssl, connection, policy)
    }
    return SSL_CLIENT_HELLO_SUCCESS
}
