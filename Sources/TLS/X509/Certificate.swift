public import Base
internal import COpenSSL

/// One X.509 certificate (RFC 5280).
@safe public final class Certificate: Sendable, Equatable, CustomStringConvertible {
    // Safe: OpenSSL counts references to it atomically, and nothing here changes it after init.
    nonisolated(unsafe) let raw: OpaquePointer

    /// Takes over one reference.
    init(adopting raw: OpaquePointer) { unsafe self.raw = raw }

    /// Takes a reference of its own.
    convenience init(sharing raw: OpaquePointer) {
        unsafe X509_up_ref(raw)
        unsafe self.init(adopting: raw)
    }

    deinit { unsafe X509_free(raw) }

    /// Reads the first certificate of a PEM text.
    public convenience init(pem: String) throws(MeshError) {
        guard let first = try Self.chain(pem: pem).first else { preconditionFailure("an empty chain is an error") }
        unsafe X509_up_ref(first.raw)
        unsafe self.init(adopting: first.raw)
    }

    public convenience init(der: [UInt8]) throws(MeshError) {
        OpenSSLErrors.clear()
        let raw = unsafe der.withUnsafeBufferPointer {
            var position = $0.baseAddress
            return unsafe d2i_X509(nil, &position, $0.count)
        }
        guard let raw = unsafe raw else {
            throw MeshError(.invalidConfiguration, "not a DER certificate", cause: OpenSSLErrors.drain())
        }
        unsafe self.init(adopting: raw)
    }

    /// Reads all certificates of a PEM text, in order.
    ///
    /// - Throws: ``MeshError`` when there is none, or one that cannot be read.
    public static func chain(pem: String) throws(MeshError) -> [Certificate] {
        OpenSSLErrors.clear()
        let input = MemoryBIO(pem.utf8)
        var chain: [Certificate] = []
        while let raw = unsafe PEM_read_bio_X509(input.raw, nil, refusePassphrase, nil) {
            chain.append(unsafe Certificate(adopting: raw))
        }
        let errors = OpenSSLErrors.drain()
        let isEnd = errors.entries.last.map { $0.library == ERR_LIB_PEM && $0.reason == PEM_R_NO_START_LINE } ?? true
        if chain.isEmpty || !isEnd {
            let problem = chain.isEmpty ? "no PEM certificate found" : "certificate \(chain.count + 1) cannot be read"
            throw MeshError(.invalidConfiguration, problem, cause: errors)
        }
        return chain
    }

    public var pem: String {
        let output = MemoryBIO()
        unsafe PEM_write_bio_X509(output.raw, raw)
        return output.text()
    }

    public var der: [UInt8] {
        let count = unsafe i2d_X509(raw, nil)
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(count))
        // Safe: i2d writes the count it announced, and advances only its own copy of the pointer.
        unsafe bytes.withUnsafeMutableBufferPointer {
            var position = $0.baseAddress
            unsafe i2d_X509(raw, &position)
        }
        return bytes
    }

    /// The SHA-256 of the DER form, as XFCC's `Hash` writes it: 64 lower-case hexadecimal digits.
    public var fingerprint: String { Hex.encode(SHA256.hash(der)) }

    // Names

    /// Who it is for, as RFC 2253 writes it (Envoy's `Subject`): `CN=example.org,O=Example`; empty for workloads.
    public var subject: String { unsafe Self.text(of: X509_get_subject_name(raw)) }
    public var issuer: String { unsafe Self.text(of: X509_get_issuer_name(raw)) }
    public var alternativeNames: AlternativeNames {
        unsafe AlternativeNames(adopting: OpaquePointer(X509_get_ext_d2i(raw, NID_subject_alt_name, nil, nil)))
    }

    /// Whether a client that asked for `host` (a DNS name or an IP address) may believe it (RFC 6125, no common name).
    public func isFor(host: String) -> Bool {
        if let ip = IPAddress(host) {
            let octets = ip.octets
            return unsafe X509_check_ip(raw, octets, octets.count, 0) == 1
        }
        let flags = CUnsignedInt(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
        return unsafe X509_check_host(raw, host, host.utf8.count, flags, nil) == 1
    }

    private static func text(of name: OpaquePointer?) -> String {
        let output = MemoryBIO()
        unsafe X509_NAME_print_ex(output.raw, name, 0, COpenSSL_XN_FLAG_RFC2253)
        return output.text()
    }

    // Validity

    public var notBefore: Timestamp { Timestamp(seconds: unsafe COpenSSL_seconds(X509_get0_notBefore(raw))) }
    public var notAfter: Timestamp { Timestamp(seconds: unsafe COpenSSL_seconds(X509_get0_notAfter(raw))) }

    /// The serial number in lower-case hexadecimal, without leading zeros.
    public var serialNumber: String {
        guard let number = unsafe ASN1_INTEGER_to_BN(X509_get0_serialNumber(raw), nil) else { return "" }
        defer { unsafe BN_free(number) }
        guard let digits = unsafe BN_bn2hex(number) else { return "" }
        defer { unsafe COpenSSL_free(digits) }
        let text = unsafe String(cString: digits).lowercased()
        let significant = text.drop { $0 == "0" }
        return significant.isEmpty ? "0" : String(significant)
    }

    /// Whether it may sign other certificates (basic constraints CA:TRUE, and key usage where present).
    public var isAuthority: Bool { unsafe X509_check_ca(raw) == 1 }

    /// SubjectPublicKeyInfo in DER, whatever the key is; what `verifyCertificateSpki` pins the SHA-256 of.
    public var subjectPublicKeyInfo: [UInt8] {
        var der = unsafe UnsafeMutablePointer<UInt8>?.none
        let count = unsafe i2d_X509_PUBKEY(X509_get_X509_PUBKEY(raw), &der)
        defer { unsafe COpenSSL_free(der) }
        // Safe: i2d has made as many octets as it says.
        return unsafe Array(UnsafeBufferPointer(start: der, count: max(0, Int(count))))
    }

    /// Whether `issuer` has signed it, by name and by key.
    public func isSigned(by issuer: Certificate) -> Bool {
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        guard unsafe X509_check_issued(issuer.raw, raw) == X509_V_OK,
            let key = unsafe X509_get0_pubkey(issuer.raw)
        else { return false }
        return unsafe X509_verify(raw, key) == 1
    }

    /// Whether subject and issuer are the same, as of a root.
    public var isSelfIssued: Bool { unsafe X509_NAME_cmp(X509_get_subject_name(raw), X509_get_issuer_name(raw)) == 0 }

    /// Its key in words, such as `RSA 2048 bits` or `ECDSA P-256`; that of a stranger's certificate may be unreadable.
    public var keyDescription: String {
        guard let key = unsafe X509_get0_pubkey(raw) else { return "a key of an unknown kind" }
        return unsafe PublicKey.describe(key)
    }

    /// The algorithm that its issuer signed it with, by OpenSSL's name, such as `sha256WithRSAEncryption`.
    public var signatureAlgorithm: String {
        let identifier = unsafe X509_get_signature_nid(raw)
        guard identifier != NID_undef, let name = unsafe OBJ_nid2ln(identifier) else { return "unknown" }
        return unsafe String(cString: name)
    }

    public var publicKey: PublicKey {
        guard let key = unsafe X509_get_pubkey(raw) else { preconditionFailure("a certificate without a public key") }
        return unsafe PublicKey(adopting: key)
    }

    public var description: String {
        let names = alternativeNames
        let name = names.uris.first ?? names.dnsNames.first ?? (subject.isEmpty ? "no name" : subject)
        return "certificate for \(name), serial \(serialNumber)"
    }

    public static func == (left: Certificate, right: Certificate) -> Bool { unsafe X509_cmp(left.raw, right.raw) == 0 }
}
