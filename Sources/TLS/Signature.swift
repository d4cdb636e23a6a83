public import Base
internal import COpenSSL

/// The signatures of JSON Web Tokens (RFC 7518 §3).
public enum SignatureAlgorithm: String, Sendable {
    /// RSA PKCS#1 v1.5 with SHA-256.
    case rs256 = "RS256"
    /// ECDSA on P-256 with SHA-256; a signature is r and s, 32 octets each.
    case es256 = "ES256"
}

extension PrivateKey {
    /// Signs with the algorithm that goes with the key.
    ///
    /// - Throws: ``MeshError`` for a key that is neither RSA nor P-256.
    public func sign(_ bytes: [UInt8]) throws(MeshError) -> (algorithm: SignatureAlgorithm, signature: [UInt8]) {
        let algorithm: SignatureAlgorithm
        switch publicKey.algorithm {
        case .rsa: algorithm = .rs256
        case .p256: algorithm = .es256
        default: throw MeshError(.invalidConfiguration, "tokens are signed with RSA or P-256 keys only")
        }
        OpenSSLErrors.clear()
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 1024)  // RSA of 8192 bits.
        var count = signature.count
        guard unsafe EVP_DigestSignInit(context, nil, SHA256.algorithm, nil, raw) == 1,
            unsafe EVP_DigestSign(context, &signature, &count, bytes, bytes.count) == 1
        else { throw MeshError(.unavailable, "signing", cause: OpenSSLErrors.drain()) }
        let result = Array(signature[..<count])
        return (algorithm, algorithm == .es256 ? ECDSASignature.raw(der: result) ?? [] : result)
    }
}

extension PublicKey {
    /// Whether `signature` is of `bytes`, by the owner of the private key; false too when key and algorithm do not go together.
    public func verify(_ signature: [UInt8], of bytes: [UInt8], _ algorithm: SignatureAlgorithm) -> Bool {
        let encoded: [UInt8]
        switch (algorithm, self.algorithm) {
        case (.rs256, .rsa): encoded = signature
        case (.es256, .p256):
            guard let der = ECDSASignature.der(raw: signature) else { return false }
            encoded = der
        default: return false
        }
        let context = unsafe EVP_MD_CTX_new()
        defer {
            unsafe EVP_MD_CTX_free(context)
            OpenSSLErrors.clear()
        }
        guard unsafe EVP_DigestVerifyInit(context, nil, SHA256.algorithm, nil, raw) == 1 else { return false }
        return unsafe EVP_DigestVerify(context, encoded, encoded.count, bytes, bytes.count) == 1
    }
}

/// An ECDSA signature on P-256 in its two forms: r and s side by side (JOSE), and ASN.1 (OpenSSL).
private enum ECDSASignature {
    static func raw(der: [UInt8]) -> [UInt8]? {
        let parsed = unsafe der.withUnsafeBufferPointer {
            var position = $0.baseAddress
            return unsafe d2i_ECDSA_SIG(nil, &position, $0.count)
        }
        guard let parsed = unsafe parsed else { return nil }
        defer { unsafe ECDSA_SIG_free(parsed) }
        var r = [UInt8](repeating: 0, count: 32)
        var s = r
        guard unsafe BN_bn2binpad(ECDSA_SIG_get0_r(parsed), &r, 32) == 32,
            unsafe BN_bn2binpad(ECDSA_SIG_get0_s(parsed), &s, 32) == 32
        else { return nil }
        return r + s
    }

    static func der(raw: [UInt8]) -> [UInt8]? {
        guard raw.count == 64 else { return nil }
        // Minimal positive INTEGERs (X.690 §8.3); 64 octets always fit into one length octet.
        let parts = [raw[..<32], raw[32...]].flatMap { part -> [UInt8] in
            var digits = Array(part.drop { $0 == 0 })
            if digits.first.map({ $0 & 0x80 != 0 }) ?? true { digits.insert(0, at: 0) }
            return [2, UInt8(digits.count)] + digits
        }
        return [0x30, UInt8(parts.count)] + parts
    }
}
