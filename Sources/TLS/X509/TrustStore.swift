public import Base
internal import COpenSSL

/// The roots that chains must end at; immutable once made.
@safe public final class TrustStore: Sendable {
    // Safe: OpenSSL locks it internally, and it is not changed after init.
    nonisolated(unsafe) let raw: OpaquePointer
    /// The roots it was made of; empty for the system's.
    public let roots: [Certificate]
    /// Whether it is ``system``, without making that: reading some 140 certificates takes a megabyte, and a third of a start.
    let isSystem: Bool
    let revocationLists: [RevocationList]
    /// When the first of the revocation lists runs out, after which nothing is believed; nil without lists.
    let revocationExpiry: Timestamp?
    /// Whether certificates are looked up in revocation lists, whose time may run out.
    var checksRevocation: Bool { !revocationLists.isEmpty }

    /// Trusts exactly `roots`; an intermediate given here is a root like any other.
    ///
    /// - Parameter revocationLists: If there are any, every authority of a chain must have one that is still valid.
    public init(roots: [Certificate], revocationLists: [RevocationList] = []) throws(MeshError) {
        guard !roots.isEmpty else {
            throw MeshError(.invalidConfiguration, "a trust store without roots would refuse every peer")
        }
        self.roots = roots
        isSystem = false
        self.revocationLists = revocationLists
        revocationExpiry = revocationLists.map(\.nextUpdate).min()
        unsafe raw = Self.makeStore()
        for root in roots { unsafe X509_STORE_add_cert(raw, root.raw) }
        for list in revocationLists { unsafe X509_STORE_add_crl(raw, list.raw) }
        if !revocationLists.isEmpty {
            unsafe X509_STORE_set_flags(raw, UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL))
        }
        OpenSSLErrors.clear()
    }

    public convenience init(pem: String) throws(MeshError) { try self.init(roots: try Certificate.chain(pem: pem)) }

    /// Trusts what the machine trusts (`/etc/ssl/certs`, or where SSL_CERT_FILE and SSL_CERT_DIR point).
    public static let system = TrustStore(isSystem: true)

    /// Trusts nobody: for a server that takes any certificate (`insecureSkipVerify`) and was given no roots.
    public static let none = TrustStore(isSystem: false)

    private init(isSystem: Bool) {
        self.isSystem = isSystem
        roots = []
        revocationLists = []
        revocationExpiry = nil
        unsafe raw = Self.makeStore()
        if isSystem { unsafe X509_STORE_set_default_paths(raw) }
        OpenSSLErrors.clear()
    }

    private static func makeStore() -> OpaquePointer {
        guard let store = unsafe X509_STORE_new() else { preconditionFailure("out of memory") }
        unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        return unsafe store
    }

    deinit { unsafe X509_STORE_free(raw) }

    /// What a certificate is presented for.
    public enum Purpose: Sendable {
        case server, client
    }

    /// Checks that `leaf` leads to a root, with the help of `intermediates`, and is valid now for `purpose`.
    ///
    /// - Throws: ``MeshError`` `peerRejected` with OpenSSL's reason.
    public func verify(_ leaf: Certificate, intermediates: [Certificate] = [], for purpose: Purpose) throws(MeshError) {
        OpenSSLErrors.clear()
        let untrusted = unsafe COpenSSL_stack()
        defer { unsafe COpenSSL_free_stack(untrusted) }
        for certificate in intermediates { unsafe _ = COpenSSL_push(untrusted, certificate.raw) }
        let context = unsafe X509_STORE_CTX_new()
        defer { unsafe X509_STORE_CTX_free(context) }
        guard unsafe X509_STORE_CTX_init(context, raw, leaf.raw, untrusted) == 1,
            unsafe X509_STORE_CTX_set_default(context, purpose == .server ? "ssl_server" : "ssl_client") == 1
        else { throw MeshError(.unavailable, "verifying a certificate", cause: OpenSSLErrors.drain()) }
        guard unsafe X509_verify_cert(context) == 1 else {
            let reason = unsafe String(cString: X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(context))))
            OpenSSLErrors.clear()
            throw MeshError(.peerRejected, "\(leaf): \(reason)")
        }
    }
}
