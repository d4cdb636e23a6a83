internal import CNghttp2

/// What a session knows of one stream.
final class HTTP2StreamState {
    /// The field section that is being received.
    var head = HTTP2Head()
    var headOctets = 0
    var fieldCount = 0
    /// Whether the request or the final response has come; a further section has trailers.
    var hasHead = false
    /// Octets of data that came and were not consumed.
    var unconsumedOctets = 0

    private var pending: [UInt8] = []
    private var pendingOffset = 0
    var trailers: HTTPFields?
    /// Whether all that will be sent is queued.
    var hasEndedSending = false
    /// Whether all of it has been sent.
    var hasSentEnd = false
    /// Whether the stream is to be reset once all is sent.
    var isAbandoned = false
    /// Whether nghttp2 waits to be told that there is data again.
    var isDeferred = false

    var pendingOctets: Int { pending.count - pendingOffset }

    func append(_ data: Span<UInt8>) { pending.append(data) }

    /// Gets ready for a field section.
    func beginSection() {
        head = HTTP2Head()
        (headOctets, fieldCount) = (0, 0)
    }

    /// Copies queued octets to the beginning of `buffer`.
    ///
    /// - Returns: How many.
    func take(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        let count = min(buffer.count, pendingOctets)
        _ = unsafe pending.withUnsafeBufferPointer { source in
            // Safe: count is within both.
            unsafe buffer.update(fromContentsOf: source[pendingOffset..<pendingOffset + count])
        }
        pendingOffset += count
        if pendingOffset == pending.count {
            pending.removeAll(keepingCapacity: pending.capacity <= 65_536)
            pendingOffset = 0
        } else if pendingOffset > 65_536, pendingOffset > pending.count / 2 {
            pending.removeFirst(pendingOffset)
            pendingOffset = 0
        }
        return count
    }
}

extension [HTTPFields.Field] {
    /// Calls `body` with the fields in the form of nghttp2, which copies them within the call.
    func withNghttp2Fields<Result>(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result) -> Result {
        var text: [UInt8] = []
        for field in self {
            text += field.name.utf8
            text += field.value.utf8
        }
        return unsafe text.withUnsafeBufferPointer { text in
            var offset = 0
            let lines = unsafe map { field in
                let (nameCount, valueCount) = (field.name.utf8.count, field.value.utf8.count)
                // Safe: `text` was filled with exactly these counts, in this order; nil only when all are empty.
                let name = unsafe text.baseAddress.map { unsafe $0 + offset }
                let value = unsafe name.map { unsafe $0 + nameCount }
                offset += nameCount + valueCount
                return unsafe CNghttp2_field(name, nameCount, value, valueCount)
            }
            return unsafe lines.withUnsafeBufferPointer { unsafe body($0) }
        }
    }
}
