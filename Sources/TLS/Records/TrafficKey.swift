internal import COpenSSL

/// What one direction of a connection is protected with after the handshake (RFC 8446 §5.2, §5.3).
@safe struct TrafficKey: ~Copyable {
    private let suite: RecordSuite
    private var secret: TrafficSecret
    private let cipher: OpaquePointer
    private var vector = InlineArray<12, UInt8>(repeating: 0)
    /// The number of the next record.
    private(set) var number: UInt64

    /// - Parameter number: How many records the handshake has protected with it already.
    init?(_ suite: RecordSuite, _ secret: consuming TrafficSecret, isSealing: Bool, number: UInt64) {
        guard let cipher = unsafe EVP_CIPHER_CTX_new() else { preconditionFailure("out of memory") }
        self.suite = suite
        self.secret = secret
        unsafe self.cipher = cipher
        self.number = number
        guard unsafe EVP_CipherInit_ex2(cipher, suite.cipher, nil, nil, isSealing ? 1 : 0, nil) == 1, derive() else {
            return nil
        }
    }

    deinit { unsafe EVP_CIPHER_CTX_free(cipher) }

    /// Whether so many records are protected that the key has to change (§5.5).
    var isWorn: Bool { number >= suite.limit }

    /// Goes over to the next key (§4.6.3); false when OpenSSL cannot.
    mutating func advance() -> Bool {
        number = 0
        return secret.advance() && derive()
    }

    private mutating func derive() -> Bool {
        var span = vector.mutableSpan
        // Safe: only as much is written as there is room for; OpenSSL copies the key.
        let hasVector = unsafe span.withUnsafeMutableBufferPointer { unsafe secret.expand("iv", into: $0) }
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: suite.key) { key in
            unsafe key.initialize(repeating: 0)
            defer { unsafe OPENSSL_cleanse(key.baseAddress, key.count) }
            return unsafe hasVector && secret.expand("key", into: key)
                && EVP_CipherInit_ex2(cipher, nil, key.baseAddress, nil, -1, nil) == 1
        }
    }

    /// Begins a record: with its nonce, and its header as what is vouched for but not encrypted.
    private mutating func begin(_ header: UnsafePointer<UInt8>) -> Bool {
        var nonce = vector
        for index in 0..<8 { nonce[4 + index] ^= UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * index)) }
        number += 1
        var count: CInt = 0
        // Safe: the nonce has the suite's length, the header its own.
        return unsafe nonce.span.withUnsafeBufferPointer {
            unsafe EVP_CipherInit_ex2(cipher, nil, nil, $0.baseAddress, -1, nil) == 1
        } && EVP_CipherUpdate(cipher, nil, &count, header, CInt(RecordHeader.count)) == 1
    }

    /// Protects `count` octets as one record at `out`, which has room for ``RecordHeader/sealed(_:)`` of it.
    ///
    /// - Returns: False when OpenSSL cannot.
    mutating func seal(
        _ type: ContentType,
        _ octets: UnsafePointer<UInt8>,
        _ count: Int,
        into out: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        let body = count + 1 + RecordSuite.tag
        unsafe RecordHeader(type: .applicationData, length: body).write(to: out)
        guard unsafe begin(out) else { return false }
        let start = unsafe out + RecordHeader.count
        var (written, type) = (CInt(0), type.rawValue)
        // Safe: all suites write as many octets as they are given, and a tag of 16.
        return unsafe EVP_EncryptUpdate(cipher, start, &written, octets, CInt(count)) == 1
            && EVP_EncryptUpdate(cipher, start + count, &written, &type, 1) == 1
            && EVP_EncryptFinal_ex(cipher, start + count + 1, &written) == 1
            && EVP_CIPHER_CTX_ctrl(
                cipher,
                EVP_CTRL_AEAD_GET_TAG,
                CInt(RecordSuite.tag),
                start + count + 1
            ) == 1
    }

    /// Opens the record whose header is at `record`: all but the last octet of what was protected to `out`.
    ///
    /// - Parameters:
    ///   - count: Of the body, a tag and an octet at least.
    ///   - out: Where there is room for it: the body's own place, or one that does not overlap with it.
    /// - Returns: The last octet; nil when nobody who has the key has made the record.
    mutating func open(
        _ record: UnsafeMutablePointer<UInt8>,
        _ count: Int,
        into out: UnsafeMutablePointer<UInt8>
    ) -> UInt8? {
        guard unsafe begin(record) else { return nil }
        let body = unsafe record + RecordHeader.count
        let inner = count - RecordSuite.tag - 1
        var (written, last, nothing) = (CInt(0), UInt8(0), UInt8(0))
        // Safe: all suites write as many octets as they are given.
        let isGood =
            unsafe EVP_DecryptUpdate(cipher, out, &written, body, CInt(inner)) == 1
            && EVP_DecryptUpdate(cipher, &last, &written, body + inner, 1) == 1
            && EVP_CIPHER_CTX_ctrl(
                cipher,
                EVP_CTRL_AEAD_SET_TAG,
                CInt(RecordSuite.tag),
                body + inner + 1
            ) == 1
            && EVP_DecryptFinal_ex(cipher, &nothing, &written) == 1
        return isGood ? last : nil
    }
}
