public import Base

/// The very certificates or keys that a peer may come with (`verifyCertificateHash`, `verifyCertificateSpki`).
public struct CertificatePins: Sendable, Hashable {
    private let keys: Set<[UInt8]>
    private let certificates: Set<[UInt8]>

    /// Without any, nothing is asked of the peer.
    public init() { (keys, certificates) = ([], []) }

    /// - Parameters:
    ///   - keys: SHA-256 of SubjectPublicKeyInfo in Base64.
    ///   - certificates: SHA-256 of the certificate in hexadecimal, with or without colons.
    /// - Throws: ``MeshError`` that names the entry which is neither.
    public init(keys: [String], certificates: [String]) throws(MeshError) {
        var (keyHashes, certificateHashes): (Set<[UInt8]>, Set<[UInt8]>) = ([], [])
        for text in keys {
            guard let hash = Base64.decode(text), hash.count == 32 else {
                throw MeshError(
                    .invalidConfiguration,
                    "verifyCertificateSpki \(text) is not the Base64 of a SHA-256, which has 44 characters"
                )
            }
            keyHashes.insert(hash)
        }
        for text in certificates {
            guard let hash = Hex.decode(text.split(separator: ":").joined()), hash.count == 32 else {
                throw MeshError(
                    .invalidConfiguration,
                    "verifyCertificateHash \(text) is not a SHA-256 in hexadecimal, which has 64 digits"
                )
            }
            certificateHashes.insert(hash)
        }
        (self.keys, self.certificates) = (keyHashes, certificateHashes)
    }

    var isEmpty: Bool { keys.isEmpty && certificates.isEmpty }

    /// One of either kind is enough, as for Envoy.
    func contain(_ certificate: Certificate) -> Bool {
        certificates.contains(SHA256.hash(certificate.der))
            || keys.contains(SHA256.hash(certificate.subjectPublicKeyInfo))
    }

    var fingerprint: String {
        "keys \(keys.map(Hex.encode).sorted()) certificates \(certificates.map(Hex.encode).sorted())"
    }
}
