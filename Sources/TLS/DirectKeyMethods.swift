internal import COpenSSL

/// Lets OpenSSL read and use EC and RSA keys by the methods it has built in, without asking its providers.
///
/// OpenSSL 3.0 finds out what a certificate's key is by trying all decoders of all providers, each time: 90 of the 105 µs
/// that reading a P-256 certificate takes, once or twice in each handshake. It first asks for an engine that knows the
/// kind of key, though, and that may well be one which hands out OpenSSL's own methods.
///
/// For programs that shake hands and make requests for certificates. Not for those that sign certificates: the built-in
/// methods cannot do that with a key that was read from PEM.
public enum DirectKeyMethods {
    /// Makes it so for the whole process; must come before keys are read.
    public static func install() { _ = isInstalled }

    /// Excepts RSA keys from now on: a server that decrypts with one what a client has chosen needs the provider's methods,
    /// which alone hide whether the client did it right (RFC 5246 §7.4.7.1).
    ///
    /// For the first client of TLS 1.2 that may ask for it; in a mesh, where all speak TLS 1.3, none does.
    static func exceptRSA() { _ = exceptsRSA }

    private static let exceptsRSA: Void = {
        COpenSSL_use_no_direct_RSA_methods()
        OpenSSLErrors.clear()
    }()

    private static let isInstalled: Bool = {
        defer { OpenSSLErrors.clear() }
        return COpenSSL_use_direct_key_methods() == 1
    }()
}
