internal import COpenSSLMemory

/// Keeps for each thread the buffers that OpenSSL needs for a record and gives back after it.
///
/// Idle connections hold no buffers then, and busy ones need not ask the heap: without it, a request through a sidecar
/// costs six blocks, two of them large. Does nothing when OpenSSL has been used already.
public enum RecordMemory {
    /// Makes it so for the whole process; must come before anything of TLS.
    public static func install() { _ = isInstalled }

    private static let isInstalled = COpenSSLMemory_install() == 1
}
