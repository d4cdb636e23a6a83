internal import COpenSSLKeySchedule

/// Derives the secrets of TLS 1.3 without OpenSSL's detours, and lets connections go on without their handshake
/// (``TLSConnection/forgetHandshake()``).
///
/// Twenty secrets in each handshake, for each of which OpenSSL 3.0 looks up who derives it, and by what hash, copies what
/// it is derived from to the heap, and sets up a MAC.
public enum KeySchedule {
    /// Makes it so for the whole process; must come before the first handshake.
    public static func install() { _ = isInstalled }

    /// Whether OpenSSL has taken it; otherwise it goes on by itself.
    private static let isInstalled: Bool = {
        defer { OpenSSLErrors.clear() }
        return COpenSSLKeySchedule_install() == 1
    }()
}
