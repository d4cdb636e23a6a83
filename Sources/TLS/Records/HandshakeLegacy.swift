internal import COpenSSLKeySchedule

/// What a connection needs of its handshake to go on without it: the secrets, and how many records they have protected.
struct HandshakeLegacy: ~Copyable {
    /// Whether the connection's owner has no further use for the handshake.
    var isUnwanted = false
    /// Whether OpenSSL has brought something for the application.
    var hasRead = false
    private var reading: TrafficSecret?
    private var writing: TrafficSecret?
    private var recordsRead: UInt64 = 0
    private var recordsWritten: UInt64 = 0

    /// Takes the secrets that the last step of the handshake has brought.
    mutating func collect(isServer: Bool) {
        if reading == nil { reading = TrafficSecret(derivedFor: !isServer) }
        if writing == nil { writing = TrafficSecret(derivedFor: isServer) }
    }

    /// Looks whether OpenSSL has changed a key, with which the secrets are worth nothing and the connection stays with it.
    mutating func notice() {
        guard COpenSSLKeySchedule_take_updates() == 1 else { return }
        reading = nil
        writing = nil
    }

    /// OpenSSL begins to read a record; those of the handshake itself do not count.
    mutating func noteReadRecord() {
        if reading != nil { recordsRead += 1 }
    }

    /// OpenSSL has written records; those of the handshake itself do not count, which are out before the secret is there.
    mutating func noteWrittenRecords(_ octets: UnsafeRawBufferPointer, isServer: Bool) {
        guard writing != nil || COpenSSLKeySchedule_has(isServer ? 1 : 0) == 1 else { return }
        var position = 0
        while position + RecordHeader.count <= octets.count {
            // Safe: the header lies within the octets.
            guard let start = unsafe octets.baseAddress?.advanced(by: position) else { return }
            position += unsafe RecordHeader.count + RecordHeader(start.assumingMemoryBound(to: UInt8.self)).length
            recordsWritten += 1
        }
    }

    /// What takes over; nil without both secrets.
    ///
    /// They are gone after it.
    mutating func recordLayer(_ suite: RecordSuite, isServer: Bool) -> RecordLayer? {
        guard let read = reading.take(), let write = writing.take(),
            let reading = TrafficKey(suite, read, isSealing: false, number: recordsRead),
            let writing = TrafficKey(suite, write, isSealing: true, number: recordsWritten)
        else { return nil }
        return RecordLayer(reading: reading, writing: writing, isClient: !isServer)
    }
}
