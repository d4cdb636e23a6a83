import Base
import Discovery
import HTTP
import Testing

@testable import Proxy

@Suite struct HeaderCommandTests {
    /// Knows some values.
    private final class Source: FieldSource {
        var values: [FieldCommand: String] = [.clientIP: "192.0.2.7", .peerURIs: "spiffe://td/ns/a/sa/b"]

        func text(of command: FieldCommand, _ argument: String, in message: HTTP1Head) -> String? {
            switch command {
            case .requestField: message.text(named: argument)
            case .status: String(message.status)
            default: values[command]
            }
        }
    }

    private static func edited(_ changes: HeaderChanges, _ fields: [(String, String)], _ source: Source) throws
        -> String
    {
        var head = RouteActionTests.head("/path", fields)
        try HeaderEdits(changes).apply(to: &head, from: source)
        return RouteActionTests.text(head)
    }

    static let values: [(written: String, sent: String?)] = [
        ("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "192.0.2.7"), ("100%%", "100%"),
        ("a %REQ(x-one)% b%%", "a 1 b%"), ("%REQ(X-None?X-One)%", "1"), ("%REQ(:path)%", "/path"),
        ("%REQ(:authority)%", "web.foo"), ("%REQ(x-long):3%", "abc"), ("%REQ(x-none)%", nil),
        ("%DOWNSTREAM_TLS_VERSION%", nil), ("[%DOWNSTREAM_TLS_VERSION%]", "[]"),
        ("%NO_SUCH_THING%", "%NO_SUCH_THING%"), ("%REQ%", "%REQ%"), ("%PROTOCOL(x)%", "%PROTOCOL(x)%"),
        ("%REQ(x-one%", "%REQ(x-one%"), ("%%REQ(x-one)%%", "%REQ(x-one)%"), ("%", "%"), ("%lower%", "%lower%"),
        ("%START_TIME(%Y)%", "%START_TIME(%Y)%"),
    ]

    @Test(arguments: values) func `commands come to what they stand for`(_ row: (written: String, sent: String?)) throws
    {
        var changes = HeaderChanges()
        changes.set = [.init("x-set", row.written)]
        let fields = [("x-one", "1"), ("x-long", "abcdef")]
        let expected = row.sent.map { "x-set: \($0)\r\n" } ?? ""
        let head = "GET /path HTTP/1.1\r\nhost: web.foo\r\nx-one: 1\r\nx-long: abcdef\r\n\(expected)\r\n"
        #expect(try Self.edited(changes, fields, Source()) == head)
    }

    @Test func `no text makes the commands fail, and text without them stays`() {
        var random = SplitMix64(seed: 5)
        let parts = ["%", "%%", "REQ", "(", ")", ":", "9", "x-one", "PROTOCOL", "START_TIME", "%s", " ", "\u{e9}"]
        for _ in 0..<20_000 {
            let text = (0..<random.below(9)).map { _ in parts[random.below(parts.count)] }.joined()
            let template = FieldTemplate(text)
            if !text.contains("%") { #expect(template.plainText == text && template.unknown.isEmpty) }
            let doubled = text.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
            #expect(FieldTemplate(doubled).plainText == text)
        }
    }

    @Test func `a field that comes to nothing is nobody else's either`() throws {
        var changes = HeaderChanges()
        changes.set = [.init("x-caller", "%DOWNSTREAM_PEER_SUBJECT%")]
        #expect(
            try Self.edited(changes, [("x-caller", "forged")], Source())
                == "GET /path HTTP/1.1\r\nhost: web.foo\r\n\r\n"
        )
    }

    @Test(arguments: ["a\r\nx-evil: 1", "a\nb", "a\u{0}", "a\u{7f}"])
    func `what would break out of its line is not sent`(value: String) throws {
        let source = Source()
        source.values[.peerURIs] = value
        var changes = HeaderChanges()
        changes.add = [.init("x-caller", "%DOWNSTREAM_PEER_URI_SAN%")]
        #expect(try Self.edited(changes, [], source) == "GET /path HTTP/1.1\r\nhost: web.foo\r\n\r\n")
    }

    @Test(arguments: [("other.foo:80", "other.foo:80"), ("a/b", "web.foo"), ("a b", "web.foo"), ("u@h", "web.foo")])
    func `an authority that a client has a part in is one`(value: String, host: String) throws {
        var changes = HeaderChanges()
        changes.set = [.init(":authority", "%REQ(x-host)%")]
        let text = try Self.edited(changes, [("x-host", value)], Source())
        #expect(text.contains("host: \(host)\r\n"))
    }

    @Test func `answers of the proxy itself get theirs`() throws {
        var changes = HeaderChanges()
        changes.set = [.init("x-status", "%RESPONSE_CODE%"), .init("x-gone", "%DOWNSTREAM_TLS_CIPHER%")]
        let edits = try HeaderEdits(changes).settled(for: 404, from: Source())
        var head = HTTP1Head()
        head.removeAll(beginning: 404, reason: "Not Found")
        head.append("x-gone".utf8.span, "x".utf8.span)
        edits.apply(to: &head)
        #expect(RouteActionTests.text(head) == "HTTP/1.1 404 Not Found\r\nx-status: 404\r\n\r\n")
    }
}
