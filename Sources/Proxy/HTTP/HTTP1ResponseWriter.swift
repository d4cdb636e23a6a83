internal import HTTP

/// Writes responses for an HTTP/1 connection, with the fields that are only for it.
struct HTTP1ResponseWriter {
    /// Whether the connection ends with the response.
    var isLast = false
    private(set) var isChunked = false

    /// Begins with the head that came from the endpoint; its body follows.
    mutating func begin(_ response: inout HTTP1Head, to request: HTTP1Head, _ output: inout [UInt8]) {
        let isHTTP10 = request.version == .http10
        let framing = response.framing
        let hasUnknownLength = framing == .chunked || framing == .untilClose
        let upgrade = framing == .tunnel ? response.text(of: .upgrade) : nil
        response.removeHopByHopFields()
        isChunked = !isHTTP10 && hasUnknownLength
        if isHTTP10, hasUnknownLength { isLast = true }
        if framing == .tunnel {
            response.append(.connection, "upgrade")
            if let upgrade { response.append(.upgrade, upgrade) }
        } else if isLast {
            response.append(.connection, "close")
        } else if isHTTP10 {
            response.append(.connection, "keep-alive")
        }
        if isChunked { response.append(.transferEncoding, "chunked") }
        if framing == .none { Self.tellEmptyBody(&response, to: request) }
        response.write(to: &output)
    }

    /// In HTTP/2 a head may say that it is all there is: in HTTP/1 a client would wait for more.
    private static func tellEmptyBody(_ response: inout HTTP1Head, to request: HTTP1Head) {
        let mayHaveBody = response.status >= 200 && response.status != 204 && response.status != 304
        guard mayHaveBody, request.methodID != .head, !response.contains(.contentLength) else { return }
        response.append(.contentLength, "0")
    }

    func body(_ data: Span<UInt8>, to output: inout [UInt8]) {
        if isChunked { ChunkWriter.chunk(data, to: &output) } else { output.append(data) }
    }

    mutating func end(trailers: HTTP1Head?, to output: inout [UInt8]) {
        guard isChunked else { return }
        HTTP1RequestWriter.end(trailers: trailers, to: &output)
        isChunked = false
    }

    /// Writes an answer of the proxy's own.
    func write(_ reply: LocalReply, from direction: ConnectionInfo.Direction, toHead: Bool, _ output: inout [UInt8]) {
        var head = reply.head(from: direction)
        if isLast { head.append(.connection, "close") }
        head.write(to: &output)
        if !toHead { output += reply.octets }
    }
}
