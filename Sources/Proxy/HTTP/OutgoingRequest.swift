internal import HTTP

/// A request on its way to an endpoint: kept until the response begins, so that it can be sent again.
struct OutgoingRequest {
    /// What is sent; before the head is written the mere body that has come so far.
    private(set) var buffer = OutputBuffer()
    private(set) var trailers: HTTP1Head?
    /// Whether all of it has come.
    private(set) var isComplete = false
    /// Whether nothing follows the head, which is known before ``isComplete``.
    private(set) var isHeadOnly = false
    /// Whether all that has come is still here.
    private(set) var canReplay = true
    /// How it is written to the endpoint.
    var version = HTTPVersion.http1
    /// Octets of ``buffer`` that are its head; 0 while the head is not written, or where it goes another way.
    private var headOctets = 0
    /// Whether ``buffer`` is written as the endpoint reads it.
    private var isEncoded = false
    private var isChunked = false

    /// Requests larger than this cannot be sent again.
    private static let replayLimit = 64 * 1024

    /// Octets that wait to be sent.
    var waiting: Int { buffer.waiting }
    /// What has come of the body before the head is written.
    var earlyBody: [UInt8] { isEncoded ? [] : buffer.bytes }

    /// A new request begins.
    mutating func begin(isHeadOnly: Bool) {
        (isComplete, canReplay, self.isHeadOnly) = (false, true, isHeadOnly)
        (isChunked, isEncoded, headOctets) = (false, false, 0)
    }

    /// A copy of a request begins, of which `body` has come and which is sent only once.
    mutating func beginCopy(body: [UInt8]) {
        canReplay = false
        buffer.bytes = body
    }

    mutating func append(_ body: Span<UInt8>) { HTTP1RequestWriter.body(body, isChunked: isChunked, to: &buffer.bytes) }

    /// Bytes for a tunnel, which have no framing.
    mutating func appendPlain(_ data: Span<UInt8>) { buffer.bytes.append(data) }

    /// All has come, but nobody wants it any more.
    mutating func completeUnwanted() { isComplete = true }

    mutating func complete(trailers: HTTP1Head?) {
        isComplete = true
        self.trailers = trailers
        if isChunked { HTTP1RequestWriter.end(trailers: trailers, to: &buffer.bytes) }
    }

    /// Writes the head as the endpoint reads it, with the body that has come already or was sent before.
    mutating func encode(_ head: HTTP1Head, upgrade: String?) {
        var body: [UInt8] = []
        if buffer.bytes.count > headOctets { body = Array(buffer.bytes[headOctets...]) }
        buffer.removeAll()
        let wasEncoded = isEncoded
        isEncoded = true
        isChunked = version == .http1 && head.framing == .chunked
        if version == .http1 { HTTP1RequestWriter.write(head, upgrade: upgrade, to: &buffer.bytes) }
        headOctets = buffer.bytes.count
        if wasEncoded { return buffer.bytes += body }
        append(body.span)
        if isComplete, isChunked { HTTP1RequestWriter.end(trailers: trailers, to: &buffer.bytes) }
    }

    /// Sends what waits by `send`, which is told whether sent octets stay.
    ///
    /// - Returns: What `send` returned.
    mutating func send(by send: (inout OutputBuffer, Bool) -> Bool) -> Bool {
        if canReplay && buffer.bytes.count > Self.replayLimit { stopReplay() }
        return send(&buffer, canReplay)
    }

    /// Moves the next octets to the beginning of `target`.
    ///
    /// - Returns: How many.
    mutating func move(into target: inout MutableSpan<UInt8>) -> Int { buffer.move(into: &target, isKept: canReplay) }

    /// It will not be sent again: what was sent is forgotten.
    mutating func stopReplay() {
        canReplay = false
        headOctets = 0
        buffer.dropSent()
    }

    mutating func removeAll() {
        buffer.removeAll()
        trailers = nil
    }

    mutating func releaseMemory() { buffer.releaseMemory() }
}
