import Testing

@testable import HTTP

@Suite struct HTTP2FieldReaderTests {
    typealias Fields = [(String, String)]
    static let get: Fields = [(":method", "GET"), (":scheme", "https"), (":authority", "a.test:80"), (":path", "/x?y")]

    struct Reading {
        var head: HTTP1Head
        var fault: HTTP2Fault?

        var text: String {
            var output: [UInt8] = []
            head.write(to: &output)
            return String(decoding: output, as: UTF8.self)
        }
    }

    static func read(_ fields: Fields, isEnd: Bool = true, to response: HTTPMethod? = nil) -> Reading {
        var (head, reader) = (HTTP1Head(), HTTP2FieldReader(HTTP2Settings()))
        for (name, value) in fields { reader.receive(name.utf8.span, value.utf8.span, into: &head) }
        if let response {
            reader.finishResponse(&head, to: response, isEnd: isEnd)
        } else {
            reader.finishRequest(&head, isEnd: isEnd)
        }
        return Reading(head: head, fault: reader.fault)
    }

    @Test func `a request reads in HTTP/1 as it was meant`() {
        let reading = Self.read(Self.get + [("x-a", "1"), ("te", "trailers"), ("x-empty", "")])
        #expect(reading.fault == nil)
        #expect(
            reading.text == "GET /x?y HTTP/1.1\r\nhost: a.test:80\r\nx-a: 1\r\nte: trailers\r\nx-empty: \r\n\r\n"
        )
        #expect(reading.head.version == .http2 && reading.head.sentScheme == .https && reading.head.methodID == .get)
    }

    @Test func `a Host field that says the same is one with the authority`() {
        #expect(Self.read(Self.get + [("host", "A.test:80")]).text.contains("host: a.test:80\r\n\r\n"))
        #expect(Self.read(Self.get + [("host", "b.test:80")]).fault == .contradictingHost)
        let noAuthority = Self.get.filter { $0.0 != ":authority" }
        #expect(Self.read(noAuthority).fault == .missingAuthority)
        #expect(Self.read(noAuthority + [("host", "h.test")]).text.contains("host: h.test\r\n"))
    }

    @Test func `cookie crumbs become one field`() {
        let reading = Self.read(Self.get + [("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")])
        #expect(reading.text.contains("cookie: a=1; b=2\r\n"))
        #expect(reading.text.ranges(of: "cookie").count == 1)
    }

    @Test(
        arguments: [
            (HTTP2Fault.connectionSpecificField, [("connection", "close")]),
            (.connectionSpecificField, [("transfer-encoding", "chunked")]),
            (.connectionSpecificField, [("upgrade", "websocket")]),
            (.connectionSpecificField, [("keep-alive", "1")]),
            (.connectionSpecificField, [("proxy-connection", "x")]),
            (.connectionSpecificField, [("te", "trailers, gzip")]),
            (.invalidFieldName, [("X-Upper", "x")]), (.invalidFieldName, [("", "x")]),
            (.invalidFieldName, [("a b", "x")]),
            (.invalidFieldName, [("a\r\nb", "x")]), (.invalidFieldName, [("a:", "x")]),
            (.invalidFieldValue, [("x", "a\r\nb: c")]), (.invalidFieldValue, [("x", "a\0")]),
            (.invalidFieldValue, [("x", " a")]), (.invalidFieldValue, [("x", "a\t")]),
            (.invalidContentLength, [("content-length", "-1")]), (.invalidContentLength, [("content-length", "1 1")]),
            (.invalidContentLength, [("content-length", "1"), ("content-length", "1")]),
            (.invalidFieldValue, [(":protocol", "h2c")]), (.invalidFieldValue, [(":protocol", "a b")]),
        ] as [(HTTP2Fault, [(String, String)])]
    )
    func `refuses what HTTP/1 would read differently`(fault: HTTP2Fault, fields: [(String, String)]) {
        #expect(Self.read(Self.get + fields).fault == fault)
    }

    @Test(arguments: [
        (":path", "x", HTTP2Fault.invalidPath), (":path", "", .invalidPath), (":path", "*", .invalidPath),
        (":path", "/a b", .invalidPath), (":path", "/a#b", .invalidPath), (":path", "http://b.test/", .invalidPath),
        (":method", "", .invalidMethod), (":method", "G ET", .invalidMethod), (":scheme", "ftp", .invalidScheme),
        (":authority", "u@a.test", .invalidAuthority), (":authority", "a b", .invalidAuthority),
        (":authority", "a.test,b.test", .invalidAuthority),
    ])
    func `refuses pseudo-fields that would become another request line`(name: String, value: String, fault: HTTP2Fault)
    {
        #expect(Self.read(Self.get.map { $0.0 == name ? (name, value) : $0 }).fault == fault)
    }

    @Test func `frames decide on the body, and lengths must not contradict themselves`() {
        #expect(Self.read(Self.get).head.framing == .none)
        #expect(Self.read(Self.get, isEnd: false).head.framing == .chunked)
        #expect(Self.read(Self.get + [("content-length", "7")], isEnd: false).head.framing == .length(7))
        #expect(Self.read([(":status", "200")], isEnd: false, to: .get).head.framing == .chunked)
        #expect(Self.read([(":status", "200"), ("content-length", "7")], to: .head).head.framing == .none)
        #expect(Self.read([(":status", "204")], isEnd: false, to: .get).head.framing == .none)
    }

    @Test(arguments: ["20", "2000", "2x0", "099", "101", ""]) func `refuses a status that is none`(status: String) {
        #expect(Self.read([(":status", status)], to: .get).fault == .invalidStatus)
    }

    @Test func `an extended CONNECT names its protocol, a plain one only the authority`() {
        var upgrade = Self.read(
            [(":method", "CONNECT"), (":protocol", "websocket")] + Self.get.dropFirst(),
            isEnd: false
        )
        #expect(upgrade.fault == nil && upgrade.head.connectProtocol == "websocket")
        upgrade.head.becomeUpgradeRequest()
        #expect(upgrade.text.hasPrefix("GET /x?y HTTP/1.1\r\nhost: a.test:80\r\n"))
        let plain = Self.read([(":method", "CONNECT"), (":authority", "a.test:80")], isEnd: false)
        #expect(plain.fault == nil && plain.head.connectProtocol == nil && plain.head.methodID == .connect)
    }

    @Test func `counts fields and octets, and forgets what is beyond`() {
        let many = Self.read(Self.get + (0..<100).map { ("x-\($0)", "y") })
        #expect(many.fault == .tooManyFields && many.fault?.status == 431)
        let large = Self.read(Self.get + [("x", String(repeating: "y", count: 61_440))])
        #expect(large.fault == .headTooLarge && large.head.bytes.count < 1000)
    }
}
