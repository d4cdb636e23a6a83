internal import Base
internal import COpenSSL

/// What a new certificate shall say; the one place where certificates are put together.
struct CertificateTemplate {
    enum Role {
        /// A workload or server, both sides of TLS.
        case leaf
        case authority
    }

    var publicKey: PublicKey
    var notBefore: Timestamp
    var notAfter: Timestamp
    var names = AlternativeNames()
    var organization: String?
    var commonName: String?
    var role = Role.leaf

    init(publicKey: PublicKey, notBefore: Timestamp, notAfter: Timestamp) {
        (self.publicKey, self.notBefore, self.notAfter) = (publicKey, notBefore, notAfter)
    }

    /// - Parameter issuer: The certificate of `key`; nil makes a self-signed one.
    func signed(by key: PrivateKey, issuer: Certificate?) throws(MeshError) -> Certificate {
        OpenSSLErrors.clear()
        guard let raw = unsafe X509_new() else { preconditionFailure("out of memory") }
        let certificate = unsafe Certificate(adopting: raw)
        guard setFields(certificate, issuer: issuer ?? certificate), setExtensions(certificate, issuer: issuer),
            unsafe X509_sign(raw, key.raw, Self.digest(for: key)) > 0
        else { throw MeshError(.unavailable, "making a certificate", cause: OpenSSLErrors.drain()) }
        return certificate
    }

    /// SHA-256, or the hash as strong as the curve.
    static func digest(for key: PrivateKey) -> OpaquePointer? {
        unsafe key.publicKey.algorithm == .p384 ? EVP_sha384() : SHA256.algorithm
    }

    private func setFields(_ certificate: Certificate, issuer: Certificate) -> Bool {
        let raw = unsafe certificate.raw
        // 128 bits of chance: at most 16 octets, positive, and never zero.
        var serial = SecureRandom.bytes(16)
        serial[0] = serial[0] & 0x7F | 0x40
        guard let number = unsafe BN_bin2bn(serial, 16, nil) else { return false }
        defer { unsafe BN_free(number) }
        guard let name = unsafe X509_get_subject_name(raw) else { return false }
        if let organization, unsafe !add("O", organization, to: name) { return false }
        if let commonName, unsafe !add("CN", commonName, to: name) { return false }
        return unsafe X509_set_version(raw, Int(X509_VERSION_3)) == 1
            && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(raw)) != nil
            && ASN1_TIME_set(X509_getm_notBefore(raw), Int(notBefore.seconds)) != nil
            && ASN1_TIME_set(X509_getm_notAfter(raw), Int(notAfter.seconds)) != nil
            && X509_set_pubkey(raw, publicKey.raw) == 1
            && X509_set_issuer_name(raw, X509_get_subject_name(issuer.raw)) == 1
    }

    private func add(_ field: String, _ value: String, to name: OpaquePointer) -> Bool {
        let octets = Array(value.utf8)
        let kind = CInt(MBSTRING_FLAG)  // MBSTRING_UTF8, whose macro cannot be imported.
        return unsafe X509_NAME_add_entry_by_txt(name, field, kind, octets, CInt(octets.count), -1, 0) == 1
    }

    private func setExtensions(_ certificate: Certificate, issuer: Certificate?) -> Bool {
        let raw = unsafe certificate.raw
        let values: [(CInt, String)] =
            switch role {
            case .leaf:
                [
                    (NID_key_usage, "critical,digitalSignature,keyEncipherment"),
                    (NID_ext_key_usage, "serverAuth,clientAuth"),
                    (NID_basic_constraints, "critical,CA:FALSE"),
                ]
            case .authority:
                [
                    (NID_key_usage, "critical,keyCertSign,cRLSign"),
                    (NID_basic_constraints, "critical,CA:TRUE"),
                    (NID_subject_key_identifier, "hash"),
                ]
            }
        for (identifier, value) in values {
            guard unsafe COpenSSL_add_extension(raw, issuer?.raw ?? raw, identifier, value) == 1 else { return false }
        }
        // Only when the issuer says what its key is called.
        if let issuer, unsafe X509_get0_subject_key_id(issuer.raw) != nil,
            unsafe COpenSSL_add_extension(raw, issuer.raw, NID_authority_key_identifier, "keyid:always") != 1
        {
            return false
        }
        if names.isEmpty { return true }
        let alternativeNames = unsafe names.makeRaw()
        defer { unsafe GENERAL_NAMES_free(alternativeNames) }
        return unsafe X509_add1_ext_i2d(raw, NID_subject_alt_name, UnsafeMutableRawPointer(alternativeNames), 1, 0) == 1
    }
}
