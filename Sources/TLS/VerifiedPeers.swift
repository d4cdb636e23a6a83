internal import Base
internal import COpenSSL
internal import Synchronization

/// The certificates that a context has verified already, until they or their issuers expire.
///
/// In a mesh the same few peers connect again and again; checking the signatures of their chains anew is a large part of
/// a handshake. Sound because the roots of a context never change: what led to one once still does. That the peer has
/// the key is proven in every handshake, and its names are checked every time.
final class VerifiedPeers: Sendable {
    static let limit = 1024

    private let expiries = Mutex<[[UInt8]: Int64]>([:])

    /// Whether the leaf was found good before and still is.
    func contains(_ fingerprint: [UInt8], now: Timestamp = .now) -> Bool {
        expiries.withLock { expiries in
            guard let expiry = expiries[fingerprint] else { return false }
            if now.seconds < expiry { return true }
            expiries[fingerprint] = nil
            return false
        }
    }

    /// - Parameter expiry: Seconds since 1970 at which the first certificate of the chain expires.
    func insert(_ fingerprint: [UInt8], until expiry: Int64) {
        expiries.withLock { expiries in
            // Bounded without bookkeeping: any may be forgotten, and is verified again.
            if expiries.count >= Self.limit, let victim = expiries.keys.first { expiries[victim] = nil }
            expiries[fingerprint] = expiry
        }
    }

    /// The SHA-256 of a certificate; nil when out of memory.
    static func fingerprint(of certificate: OpaquePointer) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: 32)
        return unsafe X509_digest(certificate, SHA256.algorithm, &digest, nil) == 1 ? digest : nil
    }

    /// When the first certificate of a verified chain expires; the distant past for an empty one.
    static func expiry(ofChain chain: OpaquePointer?) -> Int64 {
        guard let chain = unsafe chain else { return .min }
        return (0..<(unsafe COpenSSL_stack_count(chain))).map { index in
            unsafe COpenSSL_seconds(X509_get0_notAfter(COpenSSL_stack_get(chain, index)))
        }.min() ?? .min
    }
}
