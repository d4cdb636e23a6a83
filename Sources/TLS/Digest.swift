internal import COpenSSL

/// SHA-256 (FIPS 180-4).
public enum SHA256 {
    // Fetched once: looking an algorithm up by name on each use is what makes OpenSSL 3.0 slow.
    // Safe: a fetched algorithm never changes, and lives as long as the process.
    nonisolated(unsafe) static let algorithm = unsafe EVP_MD_fetch(nil, "SHA256", nil)

    /// 32 octets.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        let result = unsafe EVP_Digest(bytes, bytes.count, &digest, nil, algorithm, nil)
        precondition(result == 1, "SHA-256 is missing from OpenSSL")
        return digest
    }
}

/// Octets that nobody can guess.
public enum SecureRandom {
    public static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let result = unsafe RAND_bytes(&bytes, CInt(count))
        precondition(result == 1, "the system has no random numbers")
        return bytes
    }
}

/// SHA-1 (FIPS 180-4): broken, and only for protocols that use it as a checksum, such as WebSocket's handshake.
public enum SHA1 {
    /// 20 octets.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        let result = unsafe EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha1(), nil)
        precondition(result == 1, "SHA-1 is missing from OpenSSL")
        return digest
    }
}
