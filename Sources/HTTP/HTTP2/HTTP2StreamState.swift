/// What a session knows of one stream.
final class HTTP2StreamState {
    /// Octets of data that came and were not consumed.
    var unconsumedOctets = 0
    var trailers: HTTP1Head?
    /// Whether all that will be sent is queued.
    var hasEndedSending: Bool
    /// Whether all of it has been sent.
    var hasSentEnd = false
    /// Whether the stream is to be reset once all is sent.
    var isAbandoned = false
    private var pending: [UInt8] = []
    private var pendingOffset = 0

    init(hasEndedSending: Bool) { self.hasEndedSending = hasEndedSending }

    var pendingOctets: Int { pending.count - pendingOffset }

    func append(_ data: Span<UInt8>) { pending.append(data) }

    /// Moves queued octets to the beginning of `buffer`.
    func take(into buffer: inout MutableSpan<UInt8>) -> HTTP2BodyPart {
        let count = min(buffer.count, pendingOctets)
        unsafe buffer.withUnsafeMutableBufferPointer { room in
            _ = unsafe pending.withUnsafeBufferPointer { source in
                // Safe: count is within both.
                unsafe room.update(fromContentsOf: source[pendingOffset..<pendingOffset + count])
            }
        }
        pendingOffset += count
        if pendingOffset == pending.count {
            pending.removeAll(keepingCapacity: pending.capacity <= 65_536)
            pendingOffset = 0
        } else if pendingOffset > 65_536, pendingOffset > pending.count / 2 {
            pending.removeFirst(pendingOffset)
            pendingOffset = 0
        }
        return pendingOctets == 0 && hasEndedSending ? .end(count, trailers: trailers) : .more(count)
    }
}
