import CHeapCount
import HTTP

/// Runs `body` as often as the first argument says (200,000 times), prints nanoseconds and heap blocks for one run, and fails when there are more blocks than allowed.
func measure(_ name: String, blocks allowed: Int = 0, _ body: () -> Void) -> Bool {
    let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 200_000
    var best = Duration.seconds(1 << 20)
    var blocks = UInt.max
    for _ in 0..<7 {
        let before = CHeapCount_blocks()
        let time = ContinuousClock().measure { for _ in 0..<count { body() } }
        blocks = min(blocks, CHeapCount_blocks() - before)
        best = min(best, time)
    }
    let nanoseconds = best / .nanoseconds(count)
    let tenths = Int(nanoseconds * 10)
    let perRun = Int(blocks) / count
    print("\(name): \(tenths / 10).\(tenths % 10) ns, \(perRun) blocks\(perRun > allowed ? " (too many)" : "")")
    return perRun <= allowed
}

func run() -> Bool {
    var parser = HTTP1HeadParser(.request)
    var head = HTTP1Head()
    var output: [UInt8] = []
    output.reserveCapacity(4096)

    func parse(_ bytes: [UInt8], _ kind: HTTP1HeadParser.Kind) {
        parser.reset(kind)
        head.removeAll()
        guard case .complete = parser.parse(bytes.span, into: &head) else { preconditionFailure("not parsed") }
    }
    func readBody(_ bytes: [UInt8], _ framing: BodyFraming) {
        var reader = BodyReader(framing)
        var offset = 0
        while true {
            switch reader.next(in: bytes.span, at: &offset) {
            case .data: continue
            case .end: return
            case .needsMore, .failed: preconditionFailure("not read")
            }
        }
    }
    func forward(_ bytes: [UInt8]) {
        parse(bytes, .request)
        head.removeHopByHopFields()
        head.set(.xForwardedProto, to: "http")
        head.set(.xRequestID, to: "4b1c6ad5-5e0c-4b5e-9d5c-3b8a0c1de2f4")
        output.removeAll(keepingCapacity: true)
        head.write(to: &output)
    }

    let chunks = Array("400\r\n".utf8) + [UInt8](repeating: 7, count: 1024) + Array("\r\n0\r\n\r\n".utf8)
    return [
        measure("parse a request of curl, \(Sample.curl.count) octets") { parse(Sample.curl, .request) },
        measure("parse a request of a browser, \(Sample.browser.count) octets") { parse(Sample.browser, .request) },
        measure("parse a response, \(Sample.response.count) octets") { parse(Sample.response, .response(to: .get)) },
        measure("parse, change and write a request of curl") { forward(Sample.curl) },
        measure("parse, change and write a request of a browser") { forward(Sample.browser) },
        measure("read a chunked body of 1 KiB") { readBody(chunks, .chunked) },
    ].allSatisfy { $0 }
}

enum Sample {
    static let curl = Array(
        "GET /headers HTTP/1.1\r\nHost: httpbin.full:8000\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n".utf8
    )
    static let browser = Array(
        """
        GET /productpage?user=normal HTTP/1.1\r
        Host: bookinfo.example.com\r
        Connection: keep-alive\r
        sec-ch-ua: "Chromium";v="124", "Not-A.Brand";v="99"\r
        sec-ch-ua-mobile: ?0\r
        sec-ch-ua-platform: "Linux"\r
        Upgrade-Insecure-Requests: 1\r
        User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36\r
        Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r
        Accept-Encoding: gzip, deflate, br\r
        Accept-Language: en-US,en;q=0.9\r
        Cookie: session=eyJ1c2VyIjoiYWRtaW4ifQ.Zl3bYA.0Yk2n9ZC7l0pB2w3r1uJp6c6m3M; theme=dark\r
        X-Forwarded-For: 203.0.113.7\r
        X-Request-Id: 5b4c9c4e-31a2-4c6f-a8a5-2b5f1f6f0a11\r
        \r

        """.utf8
    )
    static let response = Array(
        """
        HTTP/1.1 200 OK\r
        Server: gunicorn/20.1.0\r
        Date: Fri, 20 Nov 2026 10:00:00 GMT\r
        Connection: keep-alive\r
        Content-Type: application/json\r
        Content-Length: 1024\r
        Access-Control-Allow-Origin: *\r
        Access-Control-Allow-Credentials: true\r
        \r

        """.utf8
    )
}

@main struct Main {
    static func main() {
        if !run() { fatalError("a hot path asks for more heap blocks than it may") }
    }
}
