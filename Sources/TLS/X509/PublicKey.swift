public import Base
internal import COpenSSL

/// A public key, of a certificate, a request or a private key.
@safe public final class PublicKey: Sendable, Equatable, CustomStringConvertible {
    // Safe: OpenSSL counts references to it atomically, and nothing here changes it after init.
    nonisolated(unsafe) let raw: OpaquePointer

    /// Takes over one reference.
    init(adopting raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe EVP_PKEY_free(raw) }

    /// Reads `-----BEGIN PUBLIC KEY-----` (SubjectPublicKeyInfo, RFC 5280 §4.1).
    public convenience init(pem: String) throws(MeshError) {
        OpenSSLErrors.clear()
        let input = MemoryBIO(pem.utf8)
        guard let raw = unsafe PEM_read_bio_PUBKEY(input.raw, nil, refusePassphrase, nil) else {
            throw MeshError(.invalidConfiguration, "no PEM public key found", cause: OpenSSLErrors.drain())
        }
        unsafe self.init(adopting: raw)
    }

    public var pem: String {
        let output = MemoryBIO()
        unsafe PEM_write_bio_PUBKEY(output.raw, raw)
        return output.text()
    }

    /// SubjectPublicKeyInfo in DER: what `verifyCertificateSpki` pins the SHA-256 of.
    public var der: [UInt8] {
        let count = unsafe i2d_PUBKEY(raw, nil)
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(count))
        // Safe: i2d writes the count it announced, and advances only its own copy of the pointer.
        unsafe bytes.withUnsafeMutableBufferPointer {
            var position = $0.baseAddress
            unsafe i2d_PUBKEY(raw, &position)
        }
        return bytes
    }

    /// What the key is for the signature algorithms that go with it.
    public var algorithm: KeyAlgorithm? {
        if unsafe EVP_PKEY_is_a(raw, "RSA") == 1 { return .rsa(bits: Int(unsafe EVP_PKEY_get_bits(raw))) }
        guard unsafe EVP_PKEY_is_a(raw, "EC") == 1 else { return nil }
        return switch description {
        case "ECDSA P-256": .p256
        case "ECDSA P-384": .p384
        default: nil
        }
    }

    /// Such as `RSA 2048 bits` or `ECDSA P-256`.
    public var description: String { unsafe Self.describe(raw) }

    static func describe(_ key: OpaquePointer) -> String {
        let bits = unsafe EVP_PKEY_get_bits(key)
        let name = unsafe EVP_PKEY_get0_type_name(key).map { unsafe String(cString: $0) } ?? "unknown"
        switch name {
        case "EC":
            var text = [CChar](repeating: 0, count: 64)
            guard unsafe EVP_PKEY_get_group_name(key, &text, text.count, nil) == 1 else { return "ECDSA \(bits) bits" }
            let group = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let common = ["prime256v1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"]
            return "ECDSA \(common[group] ?? group)"
        case "ED25519": return "Ed25519"
        case "ED448": return "Ed448"
        default: return "\(name) \(bits) bits"
        }
    }

    public static func == (left: PublicKey, right: PublicKey) -> Bool { unsafe EVP_PKEY_eq(left.raw, right.raw) == 1 }
}

/// The keys that the mesh makes.
public enum KeyAlgorithm: Hashable, Sendable {
    /// ECDSA on P-256: what workloads use.
    case p256
    /// ECDSA on P-384.
    case p384
    /// RSA; `bits` is 2048 or more.
    case rsa(bits: Int)
}
