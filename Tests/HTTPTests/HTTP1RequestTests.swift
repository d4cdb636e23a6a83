import Testing

@testable import HTTP

/// One input, and what a server must make of it.
struct RefusalCase: CustomTestStringConvertible {
    let rule: String
    let text: String
    let error: HTTP1Error
    var testDescription: String { rule }

    init(_ rule: String, _ text: String, _ error: HTTP1Error) {
        self.rule = rule
        self.text = text
        self.error = error
    }
}

@Suite struct HTTP1RequestTests {
    @Test func `reads a request with its fields`() {
        let message = read(.request, "GET /a?b=c HTTP/1.1\r\nHost: x.y:80\r\nACCEPT:  */*\t\r\nEmpty:\r\n\r\nrest")
        #expect(message.head == ["GET /a?b=c", "Host: x.y:80", "ACCEPT: */*", "Empty: "])
        #expect(message.framing == .none)
        #expect(message.isComplete)
        #expect(message.rest == Array("rest".utf8))
    }

    static let refusals: [RefusalCase] = [
        RefusalCase("an empty method", " / HTTP/1.1\r\nHost: a\r\n\r\n", .invalidMethod),
        RefusalCase("a method that is no token", "GE{T / HTTP/1.1\r\nHost: a\r\n\r\n", .invalidMethod),
        RefusalCase("a TLS record", "\u{16}\u{3}\u{1}", .invalidMethod),
        RefusalCase("two empty lines before the request", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .invalidMethod),
        RefusalCase("no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", .invalidRequestLine),
        RefusalCase("two spaces before the target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
        RefusalCase("two spaces after the target", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
        RefusalCase("a tab after the method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", .invalidMethod),
        RefusalCase("a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
        RefusalCase("a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
        RefusalCase("a control character in the target", "GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
        RefusalCase("a target above ASCII", "GET /é HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
        RefusalCase("a relative target", "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
        RefusalCase("an asterisk without OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
        RefusalCase("CONNECT with a path", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
        RefusalCase("CONNECT without a port", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
        RefusalCase("user information", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
        RefusalCase("another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
        RefusalCase("HTTP/0.9", "GET /\r\n\r\n", .invalidRequestLine),
        RefusalCase("HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", .unsupportedVersion),
        RefusalCase("HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", .unsupportedVersion),
        RefusalCase("a version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", .invalidRequestLine),
        RefusalCase("a version with two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", .invalidRequestLine),
        RefusalCase("a bare line feed after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", .bareLineFeed),
        RefusalCase("a bare line feed after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", .bareLineFeed),
        RefusalCase("a bare line feed at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed),
        RefusalCase("a carriage return in a value", "GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n", .invalidFieldValue),
        RefusalCase("two carriage returns", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", .invalidFieldValue),
        RefusalCase("a NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nA: \u{0}\r\n\r\n", .invalidFieldValue),
        RefusalCase("a DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nA: \u{7f}\r\n\r\n", .invalidFieldValue),
        RefusalCase("a folded field", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", .foldedField),
        RefusalCase("a field folded with a tab", "GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", .foldedField),
        RefusalCase("a space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedField),
        RefusalCase("a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", .invalidFieldName),
        RefusalCase("an empty name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", .invalidFieldName),
        RefusalCase("a line without a colon", "GET / HTTP/1.1\r\nHost: a\r\nb\r\n\r\n", .invalidFieldName),
        RefusalCase("a NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\na\u{0}: b\r\n\r\n", .invalidFieldName),
        RefusalCase("no Host", "GET / HTTP/1.1\r\n\r\n", .missingHost),
        RefusalCase("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", .duplicateHost),
        RefusalCase("a list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .invalidHost),
        RefusalCase("a path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .invalidHost),
        RefusalCase("user information in Host", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", .invalidHost),
        RefusalCase("a port that is too large", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", .invalidHost),
    ]

    @Test(arguments: refusals) func `refuses`(_ refusal: RefusalCase) {
        #expect(read(.request, refusal.text).error == refusal.error)
        // And does so however it comes.
        #expect(read(.request, refusal.text.utf8.map { [$0] }).error == refusal.error)
    }

    static let targets: [(line: String, authority: String, path: String)] = [
        ("GET /a?b HTTP/1.1\r\nHost: h:8", "h:8", "/a?b"),
        ("GET http://x.y:80/a HTTP/1.1\r\nHost: h", "x.y:80", "/a"),
        ("GET HTTPS://x HTTP/1.1\r\nHost: h", "x", ""),
        ("GET http://x?q HTTP/1.1\r\nHost: h", "x", "?q"),
        ("OPTIONS * HTTP/1.1\r\nHost: h", "h", "*"),
        ("CONNECT [::1]:443 HTTP/1.1\r\nHost: h", "[::1]:443", ""),
        ("GET //x/y HTTP/1.1\r\nHost:", "", "//x/y"),
        ("GET / HTTP/1.0", "", "/"),
    ]

    @Test(arguments: targets) func `tells for whom a request is`(line: String, authority: String, path: String) {
        var head = HTTP1Head()
        var parser = HTTP1HeadParser(.request)
        let bytes = Array("\(line)\r\n\r\n".utf8)
        #expect(parser.parse(bytes.span, into: &head) == .complete(consumed: bytes.count))
        #expect(String(octets: head.authority) == authority)
        #expect(String(octets: head.path) == path)
    }

    static let persistence: [(head: String, keepsAlive: Bool)] = [
        ("GET / HTTP/1.1\r\nHost: a", true),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, close", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: closed", true),
        ("GET / HTTP/1.0", false),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive", true),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close", false),
    ]

    @Test(arguments: persistence) func `decides whether the connection stays`(text: String, keepsAlive: Bool) {
        var head = HTTP1Head()
        var parser = HTTP1HeadParser(.request)
        _ = parser.parse(Array("\(text)\r\n\r\n".utf8).span, into: &head)
        #expect(head.keepsAlive == keepsAlive)
    }

    @Test func `notices upgrades and expectations`() {
        var head = HTTP1Head()
        var parser = HTTP1HeadParser(.request)
        let text =
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nExpect: 100-Continue\r\n\r\n"
        _ = parser.parse(Array(text.utf8).span, into: &head)
        #expect(head.isUpgrade)
        #expect(head.expectsContinue)
        head.remove(.upgrade)
        #expect(!head.isUpgrade)
    }

    @Test func `a head as large as allowed is read, one octet more is refused`() {
        var limits = HTTP1Limits()
        limits.headOctets = 100
        let start = "GET / HTTP/1.1\r\nHost: a\r\nA: "
        let filling = String(repeating: "x", count: 100 - start.utf8.count - 4)
        #expect(read(.request, [Array("\(start)\(filling)\r\n\r\n".utf8)], limits: limits).isComplete)
        let larger = Array("\(start)\(filling)x\r\n\r\n".utf8)
        #expect(read(.request, [larger], limits: limits).error == .headTooLarge)
        #expect(HTTP1Error.headTooLarge.status == 431)
    }

    @Test func `the default limits are those of Envoy`() {
        let fields = String(repeating: "a: b\r\n", count: 99)
        #expect(read(.request, "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n").isComplete)
        #expect(read(.request, "GET / HTTP/1.1\r\nHost: a\r\n\(fields)c: d\r\n\r\n").error == .tooManyFields)
        let long = String(repeating: "x", count: 60 * 1024)
        #expect(read(.request, "GET /\(long)").error == .headTooLarge)
        #expect(read(.request, "GET / HTTP/1.1\r\nHost: a\r\nA: \(long)").error == .headTooLarge)
    }

    @Test func `finds known fields in any case and unknown ones by name`() {
        for id in FieldID.allCases where id != .other {
            let name = id.name
            #expect(FieldID(name: name.utf8.span) == id)
            #expect(FieldID(name: name.uppercased().utf8.span) == id)
            #expect(FieldID(name: "\(name)x".utf8.span) == .other)
        }
        #expect(FieldID(name: "".utf8.span) == .other)
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"] {
            #expect(HTTPMethod(method).name == method)
            #expect(HTTPMethod(method.lowercased()) == .other)
        }
    }
}
