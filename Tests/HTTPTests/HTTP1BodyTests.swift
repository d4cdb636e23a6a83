import Testing

@testable import HTTP

@Suite struct HTTP1BodyTests {
    private static let post = "POST / HTTP/1.1\r\nHost: a\r\n"

    @Test func `a length delimits the body`() {
        let message = read(.request, Self.post + "Content-Length: 005\r\n\r\nhelloGET")
        #expect(message.framing == .length(5))
        #expect(message.body == Array("hello".utf8))
        #expect(message.rest == Array("GET".utf8))
    }

    @Test func `chunks delimit the body, extensions are ignored, trailers are kept`() {
        let chunks = "5\r\nhello\r\n00a;a=\"b c\"\r\n0123456789\r\n1 \t;x\r\n!\r\n0;last\r\nA: b\r\nC:d\r\n\r\nGET"
        let message = read(.request, Self.post + "Transfer-Encoding: Chunked\r\n\r\n" + chunks)
        #expect(message.framing == .chunked)
        #expect(String(decoding: message.body, as: UTF8.self) == "hello0123456789!")
        #expect(message.trailers == ["A: b", "C: d"])
        #expect(message.isComplete)
        #expect(message.rest == Array("GET".utf8))
    }

    static let requestRefusals: [RefusalCase] = [
        RefusalCase("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", .duplicateContentLength),
        RefusalCase("the same length twice", "Content-Length: 5\r\ncontent-length: 5\r\n\r\n", .duplicateContentLength),
        RefusalCase("a list of lengths", "Content-Length: 5, 5\r\n\r\n", .invalidContentLength),
        RefusalCase("a signed length", "Content-Length: +5\r\n\r\n", .invalidContentLength),
        RefusalCase("a negative length", "Content-Length: -5\r\n\r\n", .invalidContentLength),
        RefusalCase("a hexadecimal length", "Content-Length: 0x5\r\n\r\n", .invalidContentLength),
        RefusalCase("an empty length", "Content-Length:\r\n\r\n", .invalidContentLength),
        RefusalCase("a length beyond 64 bits", "Content-Length: 18446744073709551621\r\n\r\n", .invalidContentLength),
        RefusalCase(
            "a length and chunks",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            .contentLengthWithTransferEncoding
        ),
        RefusalCase("another coding", "Transfer-Encoding: gzip\r\n\r\n", .unsupportedTransferEncoding),
        RefusalCase("identity", "Transfer-Encoding: identity\r\n\r\n", .unsupportedTransferEncoding),
        RefusalCase("two codings", "Transfer-Encoding: gzip, chunked\r\n\r\n", .unsupportedTransferEncoding),
        RefusalCase("chunked twice", "Transfer-Encoding: chunked, chunked\r\n\r\n", .unsupportedTransferEncoding),
        RefusalCase(
            "two Transfer-Encodings",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            .unsupportedTransferEncoding
        ),
        RefusalCase("quoted chunked", "Transfer-Encoding: \"chunked\"\r\n\r\n", .unsupportedTransferEncoding),
        RefusalCase("a vertical tab before chunked", "Transfer-Encoding: \u{b}chunked\r\n\r\n", .invalidFieldValue),
        RefusalCase("an empty coding", "Transfer-Encoding:\r\n\r\n", .unsupportedTransferEncoding),
    ]

    @Test(arguments: requestRefusals) func `refuses`(_ refusal: RefusalCase) {
        #expect(read(.request, Self.post + refusal.text).error == refusal.error)
        #expect(read(.response(to: .get), "HTTP/1.1 200 OK\r\n" + refusal.text).error == refusal.error)
    }

    @Test func `HTTP 1_0 has no chunks`() {
        let text = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(read(.request, text).error == .misplacedTransferEncoding)
    }

    static let chunkRefusals: [RefusalCase] = [
        RefusalCase("an empty size", "\r\n", .invalidChunkSize),
        RefusalCase("a negative size", "-1\r\n", .invalidChunkSize),
        RefusalCase("a signed size", "+1\r\n", .invalidChunkSize),
        RefusalCase("a prefix", "0x1\r\n", .invalidChunkSize),
        RefusalCase("no digit", "g\r\n", .invalidChunkSize),
        RefusalCase("a space before the size", " 1\r\n", .invalidChunkSize),
        RefusalCase("a space after the size", "1 \r\n", .invalidChunkSize),
        RefusalCase("a size beyond 63 bits", "8000000000000000\r\n", .invalidChunkSize),
        RefusalCase("a size beyond 64 bits", "10000000000000000\r\n", .invalidChunkSize),
        RefusalCase("endless zeros", "0000000000000000000001\r\n", .invalidChunkSize),
        RefusalCase("a bare line feed after the size", "1\na", .bareLineFeed),
        RefusalCase("a bare line feed in an extension", "1;a\nb", .bareLineFeed),
        RefusalCase("a bare carriage return after the size", "1\ra", .bareLineFeed),
        RefusalCase("a control character in an extension", "1;\u{0}\r\n", .invalidChunkSize),
        RefusalCase("an endless extension", "1;" + String(repeating: "x", count: 300), .chunkExtensionTooLong),
        RefusalCase("data longer than the size", "1\r\nab\r\n", .invalidChunkEnd),
        RefusalCase("data that ends in a bare line feed", "1\r\na\n", .invalidChunkEnd),
        RefusalCase("no line feed after data", "1\r\na\rb", .invalidChunkEnd),
        RefusalCase("a bare line feed at the end", "0\r\n\n", .bareLineFeed),
        RefusalCase("garbage at the end", "0\r\n\rx", .bareLineFeed),
        RefusalCase("a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", .foldedField),
        RefusalCase("a trailer that is none", "0\r\nGET / HTTP/1.1\r\n\r\n", .invalidFieldName),
        RefusalCase("too many trailers", "0\r\n" + String(repeating: "a: b\r\n", count: 101), .tooManyFields),
    ]

    @Test(arguments: chunkRefusals) func `refuses the chunk`(_ refusal: RefusalCase) {
        let text = Self.post + "Transfer-Encoding: chunked\r\n\r\n" + refusal.text
        #expect(read(.request, text).error == refusal.error)
        #expect(read(.request, text.utf8.map { [$0] }).error == refusal.error)
    }

    static let responses: [(method: HTTPMethod, head: String, framing: BodyFraming)] = [
        (.get, "HTTP/1.1 200 OK\r\nContent-Length: 3", .length(3)),
        (.get, "HTTP/1.1 200 OK\r\nContent-Length: 0", .none),
        (.get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", .chunked),
        (.get, "HTTP/1.1 200", .untilClose),
        (.get, "HTTP/1.0 200 OK", .untilClose),
        (.head, "HTTP/1.1 200 OK\r\nContent-Length: 3", .none),
        (.head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", .none),
        (.head, "HTTP/1.1 200 OK", .none),
        (.get, "HTTP/1.1 304 Not Modified\r\nContent-Length: 3", .none),
        (.get, "HTTP/1.1 204 No Content", .none),
        (.get, "HTTP/1.1 204 No Content\r\nContent-Length: 0", .none),
        (.get, "HTTP/1.1 100 Continue", .none),
        (.get, "HTTP/1.1 101 Switching Protocols", .tunnel),
        (.connect, "HTTP/1.1 200 OK\r\nContent-Length: 3", .tunnel),
        (.connect, "HTTP/1.1 407 No\r\nContent-Length: 3", .length(3)),
    ]

    @Test(arguments: responses) func `frames responses`(method: HTTPMethod, head: String, framing: BodyFraming) {
        let message = read(.response(to: method), "\(head)\r\n\r\n")
        #expect(message.error == nil)
        #expect(message.framing == framing)
    }

    static let responseRefusals: [RefusalCase] = [
        RefusalCase(
            "chunks in 204",
            "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n",
            .misplacedTransferEncoding
        ),
        RefusalCase("a length in 204", "HTTP/1.1 204 x\r\nContent-Length: 1\r\n\r\n", .misplacedContentLength),
        RefusalCase("a length in 101", "HTTP/1.1 101 x\r\nContent-Length: 1\r\n\r\n", .misplacedContentLength),
        RefusalCase("a status below 100", "HTTP/1.1 099 x\r\n\r\n", .invalidStatusLine),
        RefusalCase("a status of two digits", "HTTP/1.1 20 x\r\n\r\n", .invalidStatusLine),
        RefusalCase("a status of four digits", "HTTP/1.1 2000\r\n\r\n", .invalidStatusLine),
        RefusalCase("HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", .unsupportedVersion),
        RefusalCase("an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", .invalidStatusLine),
        RefusalCase("another protocol", "SSH-2.0-x\r\n", .invalidStatusLine),
        RefusalCase("a control character in the reason", "HTTP/1.1 200 \u{1}\r\n\r\n", .invalidStatusLine),
    ]

    @Test(arguments: responseRefusals) func `refuses the response`(_ refusal: RefusalCase) {
        #expect(read(.response(to: .get), refusal.text).error == refusal.error)
    }

    @Test func `the end of input completes only what it delimits`() {
        #expect(read(.response(to: .get), "HTTP/1.1 200 OK\r\n\r\nabc", endsInput: true).isComplete)
        let short = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc"
        #expect(read(.response(to: .get), short, endsInput: true).error == .truncated)
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
        #expect(read(.response(to: .get), chunked, endsInput: true).error == .truncated)
        #expect(read(.response(to: .get), chunked + "0\r\n\r\n", endsInput: true).isComplete)
    }
}
