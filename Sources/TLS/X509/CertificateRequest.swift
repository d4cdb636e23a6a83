public import Base
internal import COpenSSL

/// A certificate signing request (RFC 2986) whose own signature has been checked: whoever made it holds the key.
///
/// Nothing else in it is to be believed: who the requester is must come from how the request arrived.
@safe public struct CertificateRequest: Sendable {
    public let publicKey: PublicKey
    /// What the requester would like to be called.
    public let names: AlternativeNames
    public let pem: String

    /// Reads a request and checks its signature.
    ///
    /// - Throws: ``MeshError`` with `invalidConfiguration`.
    public init(pem: String) throws(MeshError) {
        OpenSSLErrors.clear()
        let input = MemoryBIO(pem.utf8)
        guard let raw = unsafe PEM_read_bio_X509_REQ(input.raw, nil, refusePassphrase, nil) else {
            throw MeshError(
                .invalidConfiguration,
                "no PEM certificate signing request found",
                cause: OpenSSLErrors.drain()
            )
        }
        defer { unsafe X509_REQ_free(raw) }
        let key = unsafe X509_REQ_get_pubkey(raw).map { unsafe PublicKey(adopting: $0) }
        guard let key, unsafe X509_REQ_verify(raw, key.raw) == 1 else {
            throw MeshError(
                .invalidConfiguration,
                "the certificate signing request is not signed with its own key",
                cause: OpenSSLErrors.drain()
            )
        }
        publicKey = key
        unsafe names = AlternativeNames(adopting: COpenSSL_request_names(raw))
        self.pem = pem
    }

    /// Makes a request with an empty subject, as Istio's agent does.
    public init(key: PrivateKey, names: AlternativeNames) throws(MeshError) {
        OpenSSLErrors.clear()
        let raw = unsafe X509_REQ_new()
        defer { unsafe X509_REQ_free(raw) }
        let alternativeNames = unsafe names.makeRaw()
        defer { unsafe GENERAL_NAMES_free(alternativeNames) }
        guard unsafe X509_REQ_set_version(raw, 0) == 1, unsafe X509_REQ_set_pubkey(raw, key.raw) == 1,
            names.isEmpty || (unsafe COpenSSL_request_add_names(raw, alternativeNames)) == 1,
            unsafe X509_REQ_sign(raw, key.raw, SHA256.algorithm) > 0
        else {
            throw MeshError(.unavailable, "making a certificate signing request", cause: OpenSSLErrors.drain())
        }
        let output = MemoryBIO()
        unsafe PEM_write_bio_X509_REQ(output.raw, raw)
        (publicKey, self.names, pem) = (key.publicKey, names, output.text())
    }
}
