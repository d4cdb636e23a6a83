public import Base

/// A certificate chain and its key: what one end of TLS shows to the other.
public struct TLSIdentity: Sendable {
    /// The leaf first, then its issuers up to but without the root.
    public let chain: [Certificate]
    let key: PrivateKey
    /// What a server sends along to clients that ask for it; nil for nothing.
    public var staple: OCSPStaple?

    public var leaf: Certificate { chain[0] }

    /// - Throws: ``MeshError`` when the chain is empty or its first certificate is for another key.
    public init(chain: [Certificate], key: PrivateKey) throws(MeshError) {
        guard let leaf = chain.first else { throw MeshError(.invalidConfiguration, "an empty certificate chain") }
        guard key.matches(leaf) else {
            throw MeshError(
                .invalidConfiguration,
                "private key (\(key.publicKey)) and \(leaf) (\(leaf.keyDescription)) do not belong together; give the key that the certificate was made for"
            )
        }
        (self.chain, self.key) = (chain, key)
    }

    public init(certificatePEM: String, keyPEM: String) throws(MeshError) {
        try self.init(chain: try Certificate.chain(pem: certificatePEM), key: try PrivateKey(pem: keyPEM))
    }
}
