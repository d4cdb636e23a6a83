internal import COpenSSL
internal import COpenSSLKeySchedule

/// What the keys of one direction are derived from (RFC 8446 §7.2).
///
/// On the heap, so that there is one place to overwrite when it goes.
@safe struct TrafficSecret: ~Copyable {
    private static let room = Int(COpenSSLKeySchedule_LONGEST)

    private let octets: UnsafeMutablePointer<UInt8>
    /// That of the suite's hash: 32 or 48 octets.
    private let length: Int

    /// The secret that a handshake on this thread has derived; nil when there is none, or somebody has taken it.
    ///
    /// - Parameter isServers: Whether it is what the server protects with that is wanted.
    init?(derivedFor isServers: Bool) {
        guard COpenSSLKeySchedule_has(isServers ? 1 : 0) == 1 else { return nil }
        guard let memory = unsafe COpenSSL_allocate(Self.room) else { preconditionFailure("out of memory") }
        unsafe octets = memory.bindMemory(to: UInt8.self, capacity: Self.room)
        length = unsafe COpenSSLKeySchedule_take(isServers ? 1 : 0, octets)
    }

    deinit { unsafe COpenSSL_clear_free(octets, Self.room) }

    /// Fills `out` with what is derived for the purpose that `label` names (§7.1); false when that is too much.
    borrowing func expand(_ label: String, into out: UnsafeMutableBufferPointer<UInt8>) -> Bool {
        // Safe: the secret has `length` octets, and no more is written than there is room for.
        unsafe COpenSSLKeySchedule_expand(octets, length, label, out.baseAddress, out.count) == 1
    }

    /// Makes it the secret that comes next (§7.2).
    mutating func advance() -> Bool {
        // Safe: what is derived is written when all has been read.
        unsafe expand("traffic upd", into: UnsafeMutableBufferPointer(start: octets, count: length))
    }
}
