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

    private static let isInstalled: Bool = {
        defer { OpenSSLErrors.clear() }
        return COpenSSL_use_direct_key_methods() == 1
    }()
}
