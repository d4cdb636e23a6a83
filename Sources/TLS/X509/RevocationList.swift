public import Base
internal import COpenSSL

/// Which certificates of one authority are no longer to be believed (RFC 5280 §5).
@safe public final class RevocationList: Sendable {
    // Safe: OpenSSL counts references to it atomically, and nothing here changes it after init.
    nonisolated(unsafe) let raw: OpaquePointer

    fileprivate init(adopting raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe X509_CRL_free(raw) }

    /// Reads all lists of a PEM text (`ca.crl`).
    ///
    /// - Throws: ``MeshError`` when there is none, or one that cannot be read.
    public static func lists(pem: String) throws(MeshError) -> [RevocationList] {
        OpenSSLErrors.clear()
        let input = MemoryBIO(pem.utf8)
        var lists: [RevocationList] = []
        while let raw = unsafe PEM_read_bio_X509_CRL(input.raw, nil, refusePassphrase, nil) {
            lists.append(unsafe RevocationList(adopting: raw))
        }
        let errors = OpenSSLErrors.drain()
        let isEnd = errors.entries.last.map { $0.library == ERR_LIB_PEM && $0.reason == PEM_R_NO_START_LINE } ?? true
        if lists.isEmpty || !isEnd {
            let problem =
                lists.isEmpty ? "no PEM revocation list found" : "revocation list \(lists.count + 1) cannot be read"
            throw MeshError(.invalidConfiguration, problem, cause: errors)
        }
        return lists
    }

    /// Who signed it, as RFC 2253 writes it.
    public var issuer: String {
        let output = MemoryBIO()
        unsafe X509_NAME_print_ex(output.raw, X509_CRL_get_issuer(raw), 0, COpenSSL_XN_FLAG_RFC2253)
        return output.text()
    }

    /// When it runs out; the distant past when it does not say so, as it must (RFC 5280 §5.1.2.5).
    public var nextUpdate: Timestamp { Timestamp(seconds: unsafe COpenSSL_seconds(X509_CRL_get0_nextUpdate(raw))) }

    /// The SHA-256 of the PEM form, which tells two lists apart.
    var fingerprint: String { Hex.encode(SHA256.hash(Array(pem.utf8))) }

    public var pem: String {
        let output = MemoryBIO()
        unsafe PEM_write_bio_X509_CRL(output.raw, raw)
        return output.text()
    }
}

extension CertificateAuthority {
    /// Lists `revoked`, which this authority must have signed.
    ///
    /// - Parameter lifetime: How long the list counts; after that, nothing that it covers is believed.
    public func revocationList(
        revoking revoked: [Certificate],
        lifetime: Duration,
        now: Timestamp = .now
    ) throws(MeshError) -> RevocationList {
        OpenSSLErrors.clear()
        guard let raw = unsafe X509_CRL_new() else { preconditionFailure("out of memory") }
        let list = unsafe RevocationList(adopting: raw)
        let (from, until) = unsafe (
            ASN1_TIME_set(nil, Int(now.seconds)), ASN1_TIME_set(nil, Int((now + lifetime).seconds))
        )
        defer {
            unsafe ASN1_TIME_free(from)
            unsafe ASN1_TIME_free(until)
        }
        var isDone =
            unsafe X509_CRL_set_version(raw, 1) == 1
            && X509_CRL_set_issuer_name(raw, X509_get_subject_name(certificate.raw)) == 1
            && X509_CRL_set1_lastUpdate(raw, from) == 1 && X509_CRL_set1_nextUpdate(raw, until) == 1
        for certificate in revoked {
            // The list takes the entry over.
            guard let entry = unsafe X509_REVOKED_new() else { preconditionFailure("out of memory") }
            isDone =
                unsafe isDone && X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate.raw)) == 1
                && X509_REVOKED_set_revocationDate(entry, from) == 1 && X509_CRL_add0_revoked(raw, entry) == 1
        }
        guard isDone, unsafe X509_CRL_sign(raw, key.raw, CertificateTemplate.digest(for: key)) > 0 else {
            throw MeshError(.unavailable, "making a revocation list", cause: OpenSSLErrors.drain())
        }
        return list
    }
}
