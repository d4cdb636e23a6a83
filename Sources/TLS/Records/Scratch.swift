internal import COpenSSL

/// Octets for the time of one call: some full records, and what may come before them.
///
/// Each thread keeps them for its next call (``RecordMemory``).
@safe struct Scratch: ~Copyable {
    /// Who reads on another CPU is woken up once for all of them.
    static let records = 16
    static let count = records * RecordHeader.sealed(RecordHeader.content) + RecordLayer.overhead

    let octets: UnsafeMutablePointer<UInt8>

    init() {
        guard let memory = unsafe COpenSSL_allocate(Self.count) else { preconditionFailure("out of memory") }
        unsafe octets = memory.bindMemory(to: UInt8.self, capacity: Self.count)
    }

    /// Safe for as long as the scratch is there.
    var all: UnsafeMutableBufferPointer<UInt8> { unsafe UnsafeMutableBufferPointer(start: octets, count: Self.count) }

    deinit { unsafe COpenSSL_free(octets) }
}
