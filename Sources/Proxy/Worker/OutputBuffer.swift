internal import HTTP

/// Bytes on their way to a peer, with a mark between what the kernel has taken and what waits.
struct OutputBuffer {
    /// Memory above this is given back once everything is sent.
    static let keptOctets = 32 * 1024
    /// With more than this waiting, the other side is not read from.
    static let highWater = 64 * 1024

    var bytes: [UInt8] = []
    /// How many of ``bytes`` were sent.
    private(set) var sent = 0

    var waiting: Int { bytes.count - sent }
    var isEmpty: Bool { bytes.count == sent }

    mutating func append(_ more: Span<UInt8>) { bytes.append(more) }

    /// Notes that `count` more octets were sent.
    ///
    /// - Parameter isKept: Whether sent bytes stay, for sending them again.
    mutating func advance(by count: Int, isKept: Bool = false) {
        sent += count
        if isKept { return }
        if isEmpty {
            removeAll()
        } else if sent > Self.highWater {
            bytes.removeFirst(sent)
            sent = 0
        }
    }

    /// Copies waiting octets to the beginning of `buffer`, as if they were sent.
    ///
    /// - Returns: How many.
    mutating func move(into buffer: inout MutableSpan<UInt8>, isKept: Bool = false) -> Int {
        let (count, start) = (min(buffer.count, waiting), sent)
        unsafe buffer.withUnsafeMutableBufferPointer { target in
            unsafe bytes.withUnsafeBufferPointer { source in
                // Safe: `count` octets from there are within both.
                if let from = source.baseAddress, let to = target.baseAddress {
                    unsafe to.update(from: from + start, count: count)
                }
            }
        }
        advance(by: count, isKept: isKept)
        return count
    }

    /// Forgets what was sent and kept; the rest stays.
    mutating func dropSent() {
        if isEmpty { return removeAll() }
        bytes.removeFirst(sent)
        sent = 0
    }

    /// Forgets everything; small memory is kept for the next message.
    mutating func removeAll() {
        sent = 0
        if bytes.capacity > Self.keptOctets { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
    }

    /// Gives all memory back; only when empty.
    mutating func releaseMemory() { if isEmpty { (bytes, sent) = ([], 0) } }
}
