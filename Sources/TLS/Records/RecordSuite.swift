internal import COpenSSL

/// A cipher suite of TLS 1.3 (RFC 8446 §B.4), as far as records are concerned.
enum RecordSuite: Sendable {
    case aes128GCM, aes256GCM, chaCha20Poly1305

    /// Octets of a record's authentication tag, the same for all.
    static let tag = 16

    /// The suite by its number on the wire; nil for others, such as those with CCM.
    init?(wireNumber: UInt16) {
        switch wireNumber {
        case 0x1301: self = .aes128GCM
        case 0x1302: self = .aes256GCM
        case 0x1303: self = .chaCha20Poly1305
        default: return nil
        }
    }

    /// Octets of a key.
    var key: Int { self == .aes128GCM ? 16 : 32 }

    /// How many records one key may protect (RFC 8446 §5.5): of those with AES, 2^24.5 full ones.
    var limit: UInt64 { self == .chaCha20Poly1305 ? 1 << 62 : 1 << 24 }

    var cipher: OpaquePointer? {
        switch self {
        case .aes128GCM: unsafe Self.aes128
        case .aes256GCM: unsafe Self.aes256
        case .chaCha20Poly1305: unsafe Self.chaCha20
        }
    }

    // Safe: a fetched algorithm never changes, and lives as long as the process.
    nonisolated(unsafe) private static let aes128 = unsafe EVP_CIPHER_fetch(nil, "AES-128-GCM", nil)
    nonisolated(unsafe) private static let aes256 = unsafe EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
    nonisolated(unsafe) private static let chaCha20 = unsafe EVP_CIPHER_fetch(nil, "ChaCha20-Poly1305", nil)
}
