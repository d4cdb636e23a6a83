import Testing

@testable import Proxy

@Suite struct HTTPSnifferTests {
    func judge(_ text: String) -> HTTPSniffer.Verdict { HTTPSniffer.judge(Array(text.utf8).span) }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "POST /a?b=c HTTP/1.0\r\nHost: x", "M-SEARCH * HTTP/1.1\n", "OPTIONS * HTTP/1.1\r\n",
    ])
    func `knows a request line`(text: String) { #expect(judge(text) == .http1) }

    @Test(arguments: [
        "\u{16}\u{3}\u{1}", "get / HTTP/1.1\r\n", "EHLO example\r\n", "GET /\r\n", "GET / HTTP/2.0\r\n",
        " GET / HTTP/1.1\r\n",
        "QUIT\r\n", "GET / HTTP/1.1 \r\n", "GET  HTTP/1.1\r\n", "GET /\u{0} HTTP/1.1\r\n", "GET / HTTP/1.12\r\n",
    ])
    func `takes anything else for bytes`(text: String) { #expect(judge(text) == .other) }

    @Test func `knows the preface of HTTP 2`() { #expect(judge("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nrest") == .http2) }

    @Test(arguments: ["GET /index.html HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
    func `waits for the rest of every prefix`(text: String) {
        for length in 0..<(text.utf8.count - 2) {
            #expect(judge(String(decoding: Array(text.utf8).prefix(length), as: UTF8.self)) == .undecided)
        }
    }

    @Test func `does not wait for ever`() {
        #expect(judge(String(repeating: "A", count: 100)) == .other)
        #expect(judge("GET /" + String(repeating: "a", count: 10_000)) == .other)
    }
}
