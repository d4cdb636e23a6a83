internal import Glibc

/// The encrypted side of a connection: the socket, what has come from it too early, and what it has not taken yet.
struct Wire {
    private let descriptor: CInt
    /// Encrypted bytes that the kernel has not taken yet.
    private var unsent: [UInt8] = []
    private var unsentStart = 0
    /// What has come and nobody has asked for yet.
    private var early: [UInt8] = []
    private var earlyStart = 0
    /// Whether the last read showed that the kernel has nothing more for now; the caller's to reset.
    var isDrained = false
    /// The errno of what failed; 0 while nothing has.
    private(set) var error: CInt = 0

    init(_ descriptor: CInt) { self.descriptor = descriptor }

    // Sending

    /// Whether encrypted bytes wait for the socket to become writable.
    var hasUnsent: Bool { unsentStart < unsent.count }

    /// Sends what waits; false when some of it still does, or the socket is lost (``error``).
    mutating func flush() -> Bool {
        while hasUnsent {
            let start = unsentStart
            // Safe: both lie within the array.
            let count = unsafe unsent.withUnsafeBytes { unsafe transmit(.init(rebasing: $0[start...]), more: false) }
            guard let count, count > 0 else { return false }
            unsentStart += count
        }
        unsent = []  // Its memory too: an idle connection holds none.
        unsentStart = 0
        return true
    }

    /// Sends bytes, or keeps what cannot be sent now; false when the socket is lost.
    ///
    /// - Parameters:
    ///   - isGathered: Whether they wait for the next ``flush()`` in any case.
    ///   - more: Whether others follow at once.
    mutating func send(_ bytes: UnsafeRawBufferPointer, isGathered: Bool = false, more: Bool = false) -> Bool {
        var rest = unsafe bytes
        if !isGathered, !hasUnsent {
            guard let count = unsafe transmit(rest, more: more) else { return false }
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        if unsafe !rest.isEmpty { unsafe unsent.append(contentsOf: rest) }
        return true
    }

    /// Hands bytes to the kernel.
    ///
    /// - Returns: How many it took; nil when the socket is lost.
    private mutating func transmit(_ bytes: UnsafeRawBufferPointer, more: Bool) -> Int? {
        let flags = CInt(MSG_NOSIGNAL) | (more ? CInt(MSG_MORE) : 0)
        while true {
            // Safe: the kernel reads no more than the count it is given.
            let count = unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags)
            if count >= 0 { return count }
            let code = errno
            if code == EINTR { continue }
            if code == EAGAIN { return 0 }
            (unsent, unsentStart, error) = ([], 0, code)
            return nil
        }
    }

    // Receiving

    /// What came of receiving.
    enum Received {
        case octets(Int)
        case nothing
        case ended
        case lost
    }

    /// Reads from the socket as much as it has and fits.
    mutating func receive(into room: UnsafeMutableRawBufferPointer) -> Received {
        if isDrained { return .nothing }
        while true {
            // Safe: the kernel writes no more than the count it is given.
            let count = unsafe recv(descriptor, room.baseAddress, room.count, 0)
            if count > 0 {
                // Less than asked for: asking again now would find nothing, or the end, of which the loop tells.
                isDrained = count < room.count
                return .octets(count)
            }
            let code = errno
            if count < 0, code == EINTR { continue }
            isDrained = true
            if count == 0 { return .ended }
            if code == EAGAIN { return .nothing }
            error = code
            return .lost
        }
    }

    /// Whether something has come that nobody has asked for yet.
    var hasEarly: Bool { earlyStart < early.count }
    var earlyCount: Int { early.count - earlyStart }

    /// Moves what has come already to `room`, as far as it fits.
    mutating func takeEarly(into room: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(room.count, earlyCount)
        // Safe: there are as many on either side.
        unsafe early.withUnsafeBytes {
            unsafe room.copyMemory(from: .init(rebasing: $0[earlyStart..<(earlyStart + count)]))
        }
        earlyStart += count
        if !hasEarly { (early, earlyStart) = ([], 0) }
        return count
    }

    /// Keeps what has come and is not needed now; there must be nothing early yet.
    mutating func keepEarly(_ bytes: UnsafeRawBufferPointer) {
        earlyStart = 0
        early = unsafe bytes.isEmpty ? [] : Array(bytes)
    }

    /// Octets that are read at once when a record is due of which nothing is known yet.
    private static let ahead = 4096

    /// Reads on behind what is early, so that a record's header and its body cost one call.
    mutating func receiveEarly() -> Received {
        var bytes = Array(early[earlyStart...])
        let held = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: Self.ahead))
        // Safe: the room is what was just added.
        let result = unsafe bytes.withUnsafeMutableBytes { unsafe receive(into: .init(rebasing: $0[held...])) }
        var count = 0
        if case .octets(let received) = result { count = received }
        bytes.removeLast(Self.ahead - count)
        (early, earlyStart) = (bytes, 0)
        return result
    }
}
