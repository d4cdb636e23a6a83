internal import CNghttp2

/// Gathers the fields of one section in the form of nghttp2; used again and again without new memory.
@safe struct HTTP2FieldWriter {
    private struct Line {
        var name: Range<Int>
        var value: Range<Int>
        /// Whether the peer should remember it for later sections (RFC 7541 §6.2).
        var isIndexed = true
    }

    private var text: [UInt8] = []
    private var lines: [Line] = []
    // Safe: filled and used within withFields(_:) only.
    private var fields: [nghttp2_nv] = unsafe []

    mutating func removeAll() {
        text.removeAll(keepingCapacity: true)
        lines.removeAll(keepingCapacity: true)
    }

    /// Adds a field; the name is written in lower case.
    ///
    /// - Parameter isIndexed: Whether the same value is likely to be sent again.
    mutating func append(_ name: Span<UInt8>, _ value: Span<UInt8>, isIndexed: Bool = true) {
        let start = text.count
        for index in name.indices { text.append(ASCII.lowercase(name[index])) }
        let middle = text.count
        text.append(value)
        lines.append(Line(name: start..<middle, value: middle..<text.count, isIndexed: isIndexed))
    }

    mutating func append(_ name: StaticString, _ value: Span<UInt8>) {
        let start = text.count
        unsafe text.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        let middle = text.count
        text.append(value)
        lines.append(Line(name: start..<middle, value: middle..<text.count))
    }

    mutating func append(_ name: StaticString, _ value: StaticString) {
        // Safe: a static string lives for ever, and has so many octets.
        let text = unsafe UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount)
        append(name, unsafe text.span)
    }

    /// Adds the fields of `head` that have a meaning beyond one HTTP/1 connection (RFC 9113 §8.2.2).
    mutating func appendFields(of head: borrowing HTTP1Head, isRequest: Bool) {
        for index in head.fieldIndices where !head.isRemoved(at: index) {
            switch head.id(at: index) {
            case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade, .http2Settings: continue
            case .host where isRequest: continue  // It is `:authority`.
            case .te where !ASCII.equalsIgnoringCase(head.value(at: index), lowercase: "trailers".utf8.span): continue
            // Different in each message: in the table of either side they would only push out what is not.
            case .xRequestID, .traceparent, .grpcTimeout:
                append(head.name(at: index), head.value(at: index), isIndexed: false)
            default: append(head.name(at: index), head.value(at: index))
            }
        }
    }

    /// Calls `body` with all fields; nghttp2 copies them within the call.
    mutating func withFields<Result>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result) -> Result {
        unsafe fields.removeAll(keepingCapacity: true)
        return unsafe text.withUnsafeBufferPointer { text in
            for line in lines {
                // Safe: the ranges are within `text`, which is not empty then.
                let name = unsafe text.baseAddress.map { unsafe $0 + line.name.lowerBound }
                let value = unsafe text.baseAddress.map { unsafe $0 + line.value.lowerBound }
                unsafe fields.append(CNghttp2_field(name, line.name.count, value, line.value.count, line.isIndexed))
            }
            return unsafe fields.withUnsafeBufferPointer { unsafe body($0.baseAddress, $0.count) }
        }
    }
}
