internal import COpenSSL

/// Chooses suite and group as Envoy's BoringSSL does, which OpenSSL cannot be told to by settings alone.
///
/// Envoy's default list holds AES128-GCM and ChaCha20 as equals: the client's order decides between them, the server's
/// between them and AES256-GCM. With TLS 1.3 the client's order decides, and X25519 is insisted on if the client knows it.
enum EqualPreference {
    private static let x25519: UInt16 = 29

    /// The suites of TLS 1.2 where ChaCha20 comes first, for clients that would have it so.
    private static func suites(chachaFirstForECDSA: Bool, chachaFirstForRSA: Bool) -> String {
        [("ECDSA", chachaFirstForECDSA), ("RSA", chachaFirstForRSA)].map { key, isFirst in
            let (aes, chacha) = ("ECDHE-\(key)-AES128-GCM-SHA256", "ECDHE-\(key)-CHACHA20-POLY1305")
            return isFirst ? "\(chacha):\(aes)" : "\(aes):\(chacha)"
        }.joined(separator: ":") + ":ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
    }

    /// Settles what the hello on `ssl` asks for.
    static func apply(to ssl: OpaquePointer, _ context: TLSContext) {
        let parameters = context.parameters
        if parameters.versions.upperBound >= .tls13, unsafe numbers(ssl, extension: 43, skipping: 1).contains(0x0304) {
            unsafe SSL_clear_options(ssl, COpenSSL_OP_CIPHER_SERVER_PREFERENCE)
            // With both on the list OpenSSL would take the key share that is there rather than ask for the better one.
            if parameters.groups.first == "X25519", unsafe numbers(ssl, extension: 10, skipping: 2).contains(x25519) {
                unsafe COpenSSL_set_groups(ssl, "X25519")
            }
            return
        }
        guard parameters.cipherSuites.isEmpty else { return }
        var octets = unsafe UnsafePointer<UInt8>?.none
        let count = unsafe SSL_client_hello_get0_ciphers(ssl, &octets)
        let offered = unsafe numbers(octets, count)
        func isFirst(_ chacha: UInt16, before aes: UInt16) -> Bool {
            guard let one = offered.firstIndex(of: chacha) else { return false }
            return offered.firstIndex(of: aes).map { one < $0 } ?? true
        }
        let (ecdsa, rsa) = (isFirst(0xCCA9, before: 0xC02B), isFirst(0xCCA8, before: 0xC02F))
        guard ecdsa || rsa else { return }  // As the context has it.
        unsafe SSL_set_cipher_list(ssl, suites(chachaFirstForECDSA: ecdsa, chachaFirstForRSA: rsa))
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

/// Called with each client's hello before anything is decided.
func settlePreference(_ ssl: OpaquePointer?, _: UnsafeMutablePointer<CInt>?, _: UnsafeMutableRawPointer?) -> CInt {
    if let ssl = unsafe ssl, let connection = unsafe TLSConnection.owner(of: ssl) {
        unsafe EqualPreference.apply(to: ssl, connection.context)
    }
    return SSL_CLIENT_HELLO_SUCCESS
}
