internal import COpenSSL

/// OpenSSL's in-memory stream: how text goes in and out of its PEM and printing functions.
///
/// Its memory is cleared when freed, so private keys may pass through.
@safe struct MemoryBIO: ~Copyable {
    let raw: OpaquePointer

    /// An empty one, to be written to.
    init() {
        guard let raw = unsafe BIO_new(BIO_s_secmem()) else { preconditionFailure("out of memory") }
        unsafe self.raw = raw
    }

    /// One to read `bytes` from, of which it keeps a copy.
    init(_ bytes: some Collection<UInt8>) {
        self.init()
        let copy = Array(bytes)
        _ = unsafe BIO_write(raw, copy, CInt(copy.count))
    }

    /// All that was written and not yet read.
    borrowing func contents() -> [UInt8] {
        var count = 0
        guard let octets = unsafe COpenSSL_contents(raw, &count) else { return [] }
        // Safe: the BIO owns `count` octets there until it is written to again.
        return unsafe Array(UnsafeRawBufferPointer(start: octets, count: count))
    }

    borrowing func text() -> String { String(decoding: contents(), as: UTF8.self) }

    deinit { unsafe BIO_free(raw) }
}

/// Never asks the terminal for a pass phrase: a key that needs one cannot be read.
func refusePassphrase(
    _ buffer: UnsafeMutablePointer<CChar>?,
    _ size: CInt,
    _ isWriting: CInt,
    _ data: UnsafeMutableRawPointer?
) -> CInt { -1 }
