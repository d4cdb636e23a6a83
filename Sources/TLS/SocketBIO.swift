internal import COpenSSL

/// The stream between OpenSSL and the socket: reads directly, and gathers writes for one system call.
enum SocketBIO {
    // Safe: made once, never changed or freed.
    nonisolated(unsafe) static let method: OpaquePointer? = {
        let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "apus socket")
        unsafe BIO_meth_set_create(method, createBIO)
        unsafe BIO_meth_set_read(method, readBIO)
        unsafe BIO_meth_set_write(method, writeBIO)
        unsafe BIO_meth_set_ctrl(method, controlBIO)
        return unsafe method
    }()

    static func owner(_ bio: OpaquePointer?) -> TLSConnection? {
        // Safe: set by the connection that owns the SSL that owns the BIO.
        unsafe BIO_get_data(bio).map { unsafe Unmanaged<TLSConnection>.fromOpaque($0).takeUnretainedValue() }
    }
}

private func createBIO(_ bio: OpaquePointer?) -> CInt {
    unsafe BIO_set_init(bio, 1)
    return 1
}

private func readBIO(_ bio: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: CInt) -> CInt {
    guard let owner = unsafe SocketBIO.owner(bio) else { return -1 }
    // Safe: OpenSSL vouches for the room.
    guard let count = unsafe owner.receive(UnsafeMutableRawBufferPointer(start: buffer, count: Int(capacity))) else {
        unsafe COpenSSL_retry_read(bio)
        return -1
    }
    unsafe BIO_clear_flags(bio, COpenSSL_BIO_FLAGS_RETRY)
    return CInt(count)
}

private func writeBIO(_ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ count: CInt) -> CInt {
    // Safe: OpenSSL vouches for `count` octets.
    unsafe SocketBIO.owner(bio)?.take(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    return count
}

private func controlBIO(_ bio: OpaquePointer?, _ command: CInt, _: Int, _: UnsafeMutableRawPointer?) -> Int {
    command == BIO_CTRL_FLUSH ? 1 : 0
}
