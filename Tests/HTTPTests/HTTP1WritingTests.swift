import Testing

@testable import HTTP

@Suite struct HTTP1WritingTests {
    private func parsed(_ text: String, _ kind: HTTP1HeadParser.Kind = .request) -> HTTP1Head {
        var head = HTTP1Head()
        var parser = HTTP1HeadParser(kind)
        #expect(parser.parse(Array(text.utf8).span, into: &head) == .complete(consumed: text.utf8.count))
        return head
    }

    private func written(_ head: HTTP1Head) -> String {
        var output: [UInt8] = []
        head.write(to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test func `unchanged fields go out as they came`() {
        let text = "GET /a HTTP/1.1\r\nHoSt: a\r\nX-Two: 1\r\nX-two: 2\r\n\r\n"
        #expect(written(parsed(text)) == text)
        let response = "HTTP/1.1 404 Not Found\r\nserver: é\r\n\r\n"
        #expect(written(parsed(response, .response(to: .get))) == response)
    }

    @Test(arguments: [
        ("GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nhost: \r\n\r\n"),
        ("GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    ]) func `a request without a Host goes on with an empty one, and is a request then`(text: String, sent: String) {
        var head = parsed(text)
        head.completeHost()
        #expect(written(head) == sent)
        _ = parsed(sent)
    }

    @Test func `fields are added, replaced and removed`() {
        var head = parsed("GET /a HTTP/1.1\r\nHost: a\r\nVia: 1\r\nVIA: 2\r\nX: y\r\n\r\n")
        head.set(.via, to: "longer than before")
        head.set(.server, to: "envoy")
        head.append("x-more".utf8.span, "z".utf8.span)
        head.setTarget("/b".utf8.span)
        if let index = head.firstIndex(ofLowercase: "x".utf8.span) { head.remove(at: index) }
        let expected = "GET /b HTTP/1.1\r\nHost: a\r\nVia: longer than before\r\nserver: envoy\r\nx-more: z\r\n\r\n"
        #expect(written(head) == expected)
        #expect(!head.contains(.expect))
        head.remove(.via)
        #expect(!head.contains(.via))
    }

    @Test func `hop-by-hop fields are removed, with those that Connection names`() {
        var head = parsed(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Secret, host\r\nx-secret: 1\r\nKeep-Alive: 5\r\n"
                + "TE: trailers\r\nTransfer-Encoding: chunked\r\nUpgrade: h2c\r\nOther: 2\r\nConnection: X-Also\r\n"
                + "X-Also: 3\r\n\r\n"
        )
        head.removeHopByHopFields()
        #expect(lines(head) == ["GET /", "Host: a", "Other: 2"])
    }

    @Test func `trailers cannot frame, route or vouch`() {
        var head = parsed(
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nX-Forwarded-Client-Cert: b\r\nAuthorization: c\r\n"
                + "Grpc-Status: 0\r\nX-Checksum: d\r\n\r\n"
        )
        head.removeFieldsUnfitForTrailers()
        #expect(lines(head) == ["GET /", "Grpc-Status: 0", "X-Checksum: d"])
    }

    @Test func `a reused head remembers nothing`() {
        var head = parsed("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
        head.removeAll()
        #expect(!head.isRequest && head.fieldIndices.isEmpty && head.framing == .none && head.keepsAlive)
        #expect(!head.contains(.contentLength))
    }

    @Test func `a head of our own is written like one that came`() {
        var head = HTTP1Head()
        head.removeAll(beginning: 503, reason: "Service Unavailable")
        head.append(.contentLength, "0")
        #expect(written(head) == "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")
        head.removeAll(beginning: "GET", target: "/x".utf8.span)
        head.append(.host, "a")
        #expect(written(head) == "GET /x HTTP/1.1\r\nhost: a\r\n\r\n")
    }

    @Test(arguments: [1, 9, 10, 15, 16, 255, 256, 4095, 4096, 65536]) func `chunks can be read again`(count: Int) {
        var output = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        let data = [UInt8](repeating: 7, count: count)
        ChunkWriter.chunk(data.span, to: &output)
        ChunkWriter.chunk(data.span, to: &output)
        ChunkWriter.end(to: &output)
        let message = read(.response(to: .get), [output])
        #expect(message.body == data + data)
        #expect(message.isComplete)
    }

    @Test func `decimal numbers are written without a heap block`() {
        for number in [0, 1, 9, 10, 99, 100, 12345, Int.max] {
            var output: [UInt8] = []
            output.appendDecimal(number)
            #expect(String(decoding: output, as: UTF8.self) == "\(number)")
        }
    }
}
