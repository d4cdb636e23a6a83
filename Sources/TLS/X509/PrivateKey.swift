public import Base
internal import COpenSSL

/// A private key: wiped from memory when its last owner lets go, and never part of a description.
@safe public final class PrivateKey: Sendable, CustomStringConvertible, CustomReflectable {
    // Safe: OpenSSL counts references to it atomically, and nothing here changes it after init.
    nonisolated(unsafe) let raw: OpaquePointer

    private init(adopting raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe EVP_PKEY_free(raw) }

    /// Makes a new key.
    ///
    /// - Throws: ``MeshError`` when RSA is asked for with fewer than 2048 bits.
    public convenience init(generating algorithm: KeyAlgorithm) throws(MeshError) {
        OpenSSLErrors.clear()
        let made: OpaquePointer?
        switch algorithm {
        case .p256: unsafe made = COpenSSL_generate("prime256v1", 0)
        case .p384: unsafe made = COpenSSL_generate("secp384r1", 0)
        case .rsa(let bits):
            guard (2048...8192).contains(bits) else {
                throw MeshError(.invalidConfiguration, "an RSA key has 2048 through 8192 bits, not \(bits)")
            }
            unsafe made = COpenSSL_generate(nil, bits)
        }
        guard let raw = unsafe made else {
            throw MeshError(.unavailable, "making a private key", cause: OpenSSLErrors.drain())
        }
        unsafe self.init(adopting: raw)
    }

    /// Reads the first PEM private key: PKCS#8, PKCS#1 (RSA) or SEC1 (EC), not encrypted.
    public convenience init(pem: String) throws(MeshError) {
        OpenSSLErrors.clear()
        let input = MemoryBIO(pem.utf8)
        guard let raw = unsafe PEM_read_bio_PrivateKey(input.raw, nil, refusePassphrase, nil) else {
            throw MeshError(
                .invalidConfiguration,
                "no PEM private key without a pass phrase found",
                cause: OpenSSLErrors.drain()
            )
        }
        unsafe self.init(adopting: raw)
    }

    /// How a key is written.
    public enum Encoding: Sendable {
        /// PKCS#1 for RSA and SEC1 for EC: Istio's default.
        case traditional
        /// PKCS#8, what Kubernetes tools expect.
        case pkcs8
    }

    /// The key as unencrypted PEM: for a file with mode 0600 or a Secret, never for a log.
    public func pem(_ encoding: Encoding = .traditional) -> String {
        let output = MemoryBIO()
        switch encoding {
        case .traditional: unsafe PEM_write_bio_PrivateKey_traditional(output.raw, raw, nil, nil, 0, nil, nil)
        case .pkcs8: unsafe PEM_write_bio_PKCS8PrivateKey(output.raw, raw, nil, nil, 0, nil, nil)
        }
        return output.text()
    }

    public var publicKey: PublicKey {
        // The private key stays behind: only the SubjectPublicKeyInfo is copied.
        var der = unsafe UnsafeMutablePointer<UInt8>?.none
        let count = unsafe i2d_PUBKEY(raw, &der)
        defer { unsafe COpenSSL_free(der) }
        var position = unsafe UnsafePointer(der)
        guard count > 0, let copy = unsafe d2i_PUBKEY(nil, &position, Int(count)) else {
            preconditionFailure("a private key without a public one")
        }
        return unsafe PublicKey(adopting: copy)
    }

    /// Whether `certificate` is for this key.
    public func matches(_ certificate: Certificate) -> Bool { unsafe X509_check_private_key(certificate.raw, raw) == 1 }

    public var description: String { "private key" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
