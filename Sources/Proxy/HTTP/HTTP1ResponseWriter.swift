internal import HTTP

/// Writes responses for an HTTP/1 connection, with the fields that are only for it.
struct HTTP1ResponseWriter {
    /// Whether the connection ends with the response.
    var isLast = false
    private var isChunked = false

    /// Begins with the head that came from the endpoint; its body follows.
    mutating func begin(_ response: inout HTTP1Head, to version: HTTP1Head.Version, _ output: inout [UInt8]) {
        let isHTTP10 = version == .http10
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
        response.write(to: &output)
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
