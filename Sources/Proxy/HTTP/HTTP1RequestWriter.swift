internal import HTTP

/// Writes requests for an HTTP/1 connection.
enum HTTP1RequestWriter {
    /// Appends the head, with the fields that are only for this connection.
    ///
    /// - Parameter upgrade: The protocol that the client offers to switch to; nil when it does not.
    static func write(_ head: HTTP1Head, upgrade: String?, to output: inout [UInt8]) {
        head.write(to: &output)
        let isChunked = head.framing == .chunked
        guard isChunked || upgrade != nil else { return }
        output.removeLast(2)
        if isChunked { output.append("transfer-encoding: chunked\r\n".utf8.span) }
        if let upgrade {
            output.append("connection: upgrade\r\nupgrade: ".utf8.span)
            output.append(upgrade.utf8.span)
            output.append("\r\n".utf8.span)
        }
        output.append("\r\n".utf8.span)
    }

    /// Appends body octets.
    static func body(_ data: Span<UInt8>, isChunked: Bool, to output: inout [UInt8]) {
        if isChunked { ChunkWriter.chunk(data, to: &output) } else { output.append(data) }
    }

    /// Appends the end of a body in chunks.
    static func end(trailers: HTTP1Head?, to output: inout [UInt8]) {
        if let trailers {
            ChunkWriter.end(with: trailers, to: &output)
        } else {
            ChunkWriter.end(to: &output)
        }
    }
}
