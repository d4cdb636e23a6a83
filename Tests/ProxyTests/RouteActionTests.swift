import Base
import Discovery
import HTTP
import Testing

@testable import Proxy

@Suite struct RouteActionTests {
    static func head(_ target: String, host: String = "web.foo", _ fields: [(String, String)] = []) -> HTTP1Head {
        RouteMatchTests.head(target, host: host, fields)
    }

    static func location(
        _ target: String = "/a/b?q=1",
        host: String = "web.foo",
        scheme: String = "http",
        matched: Int = 1,
        port: UInt16 = 8080,
        _ change: (inout HTTPRedirect) -> Void
    ) -> String {
        var redirect = HTTPRedirect()
        change(&redirect)
        let head = head(target, host: host, [("x-forwarded-proto", scheme)])
        return RedirectLocation(redirect: redirect).text(for: head, matched: matched, port: port)
    }

    @Test func `a redirect changes what it names and keeps the rest`() {
        #expect(Self.location { $0.authority = "new.foo" } == "http://new.foo/a/b?q=1")
        #expect(Self.location { $0.scheme = "https" } == "https://web.foo/a/b?q=1")
        #expect(Self.location { $0.path = "/new" } == "http://web.foo/new?q=1")
        #expect(Self.location { $0.path = "/new?x" } == "http://web.foo/new?x")
        #expect(Self.location(matched: 2) { $0.prefix = "/new" } == "http://web.foo/new/b?q=1")
        #expect(Self.location("/a") { $0.path = "/new" } == "http://web.foo/new")
    }

    @Test func `a redirect's port is told unless it is the scheme's own`() {
        #expect(Self.location { $0.port = .number(8443) } == "http://web.foo:8443/a/b?q=1")
        #expect(Self.location { $0.port = .number(80) } == "http://web.foo/a/b?q=1")
        #expect(Self.location { ($0.port, $0.scheme) = (.number(443), "https") } == "https://web.foo/a/b?q=1")
        #expect(Self.location { $0.port = .request } == "http://web.foo:8080/a/b?q=1")
        #expect(Self.location(host: "web.foo:1") { $0.port = .request } == "http://web.foo:8080/a/b?q=1")
        #expect(Self.location(host: "web.foo:1") { $0.port = .standard } == "http://web.foo:1/a/b?q=1")
        #expect(Self.location(host: "web.foo:80") { $0.scheme = "https" } == "https://web.foo/a/b?q=1")
        #expect(Self.location(host: "web.foo:8080") { $0.scheme = "https" } == "https://web.foo:8080/a/b?q=1")
        #expect(
            Self.location(host: "web.foo:443", scheme: "https") { $0.scheme = "http" } == "http://web.foo/a/b?q=1"
        )
        #expect(Self.location(host: "[::1]:80") { $0.scheme = "https" } == "https://[::1]/a/b?q=1")
        #expect(Self.location(host: "[::1]") { $0.port = .number(81) } == "http://[::1]:81/a/b?q=1")
    }

    static func rewritten(_ target: String, matched: Int, _ rewrite: PathRewrite) throws -> String? {
        var forwarding = HTTPForwarding([WeightedDestination("one")])
        forwarding.pathRewrite = rewrite
        let path = try ForwardingPlan(forwarding).rewrittenPath(of: head(target), matched: matched)
        return path.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `a rewrite replaces what matched, or what the expression finds, and keeps the query`() throws {
        #expect(try Self.rewritten("/api/v1?q=/api", matched: 4, .matched("/")) == "//v1?q=/api")
        #expect(try Self.rewritten("/api/v1?q", matched: 7, .matched("/new")) == "/new?q")
        #expect(try Self.rewritten("/foo", matched: 1, .matched("/bar")) == "/barfoo")
        let expression = PathRewrite.expression("^/service/([^/]+)(/.*)$", substitution: "\\2/instance/\\1")
        #expect(
            try Self.rewritten("/service/foo/v1/api?q=/service/", matched: 1, expression)
                == "/v1/api/instance/foo?q=/service/"
        )
        #expect(try Self.rewritten("/other", matched: 1, expression) == nil)
        #expect(throws: MeshError.self) { try Self.rewritten("/", matched: 1, .expression("(", substitution: "")) }
        #expect(throws: MeshError.self) { try Self.rewritten("/", matched: 1, .expression("a", substitution: "\\1")) }
    }

    static func text(_ head: HTTP1Head) -> String {
        var bytes: [UInt8] = []
        head.write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `header changes are made in the order removed, set, added`() throws {
        var changes = HeaderChanges()
        changes.remove = ["x-gone", "x-both"]
        changes.set = [.init("x-set", "new"), .init("host", "other.foo"), .init("x-percent", "100%%")]
        changes.add = [.init("x-both", "again"), .init("x-set", "more")]
        var head = Self.head(
            "/",
            [("X-Gone", "1"), ("x-gone", "2"), ("X-Set", "old"), ("x-both", "1"), ("x-keep", "k")]
        )
        try HeaderEdits(changes).apply(to: &head)
        #expect(
            Self.text(head) == "GET / HTTP/1.1\r\nhost: other.foo\r\nx-keep: k\r\nx-set: new\r\nx-percent: 100%\r\n"
                + "x-both: again\r\nx-set: more\r\n\r\n"
        )
    }

    @Test(arguments: ["content-length", "Transfer-Encoding", "connection", "te", "upgrade", ":path", ":method"])
    func `what frames a message cannot be changed`(name: String) throws {
        var changes = HeaderChanges()
        (changes.remove, changes.set, changes.add) = ([name], [.init(name, "x")], [.init(name, "x")])
        #expect(try HeaderEdits(changes).isEmpty)
    }

    @Test(arguments: [("a b", "x"), ("", "x"), ("a", "x\r\nb: c"), ("a\n", ""), ("host", "x\n")])
    func `a field that would break out of its line is refused`(name: String, value: String) {
        var changes = HeaderChanges()
        changes.set = [.init(name, value)]
        #expect(throws: MeshError.self) { try HeaderEdits(changes) }
    }

    @Test func `destinations get their shares`() throws {
        let plan = try ForwardingPlan(
            HTTPForwarding([WeightedDestination("a", weight: 1), WeightedDestination("b", weight: 3)])
        )
        var random = SplitMix64(seed: 5)
        let count = (0..<10_000).count { _ in plan.choose(using: &random).name == "b" }
        #expect((7_300...7_700).contains(count))
        #expect(throws: MeshError.self) { try ForwardingPlan(HTTPForwarding([])) }
    }

    @Test func `what would end the line is not written into it`() throws {
        for text in ["/a b", "/a\r\nX: y", "\u{7f}"] {
            var forwarding = HTTPForwarding([WeightedDestination("a")])
            forwarding.pathRewrite = .matched(text)
            #expect(throws: MeshError.self) { try ForwardingPlan(forwarding) }
            forwarding.pathRewrite = nil
            forwarding.authority = text
            #expect(throws: MeshError.self) { try ForwardingPlan(forwarding) }
            var redirect = HTTPRedirect()
            redirect.path = text
            #expect(throws: MeshError.self) { try CompiledRoute(HTTPRoute(.redirect(redirect))) }
        }
    }

    @Test func `a percentage is as fine as a millionth`() {
        var random = SplitMix64(seed: 5)
        #expect((0..<1000).allSatisfy { _ in Percentage.all.occurs(&random) })
        #expect((0..<1000).allSatisfy { _ in !Percentage.none.occurs(&random) })
        let count = (0..<100_000).count { _ in Percentage(millionths: 1_000).occurs(&random) }
        #expect((60...140).contains(count))
    }

    @Test(arguments: [
        ("5S", Duration.seconds(5)), ("100m", .milliseconds(100)), ("1H", .seconds(3600)), ("2M", .seconds(120)),
        ("7u", .microseconds(7)), ("9n", .nanoseconds(9)), ("", nil), ("5", nil), ("S", nil), ("-1S", nil),
        ("123456789S", nil), ("12345678S", .seconds(12_345_678)), ("5s", nil),
    ])
    func `grpc-timeout has up to eight digits and a unit`(text: String, expected: Duration?) {
        let result = GRPCTimeout.parse(text.utf8.span)
        #expect(result == expected)
    }

    @Test func `the shorter of the route's and the caller's time counts, for gRPC only`() {
        func effective(_ type: String, _ limit: Duration) -> Duration {
            GRPCTimeout.effective(Self.head("/", [("content-type", type), ("grpc-timeout", "2S")]), limit: limit)
        }
        #expect(effective("application/grpc", .zero) == .seconds(2))
        #expect(effective("application/grpc+proto", .seconds(1)) == .seconds(1))
        #expect(effective("application/grpc", .seconds(3)) == .seconds(2))
        #expect(effective("application/grpc-web", .seconds(3)) == .seconds(3))
        #expect(effective("text/plain", .zero) == .zero)
    }

    @Test(arguments: [
        ("web.foo", "web.foo-shadow"), ("web.foo:8000", "web.foo-shadow:8000"), ("[::1]", "[::1]-shadow"),
        ("[::1]:80", "[::1]-shadow:80"),
    ])
    func `a copy's authority tells that it is one`(authority: String, expected: String) {
        #expect(Exchange.shadow(authority) == expected)
    }

    @Test func `several flags are written in Envoy's order`() {
        #expect(ResponseFlag.none.text == "-")
        #expect(ResponseFlag([.retryLimitExceeded, .upstreamConnectionFailure]).text == "URX,UF")
        #expect(ResponseFlag([.faultInjected, .delayInjected]).text == "DI,FI")
    }
}

@Suite struct PathNormalizationTests {
    @Test(arguments: [
        ("/a/../b", "/b"), ("/a/./b", "/a/b"), ("/a/b/..", "/a/"), ("/a/b/.", "/a/b/"), ("/../../a", "/a"),
        ("/..", "/"),
        ("/.", "/"), ("/%61dmin", "/admin"), ("/a/%2e%2E/b", "/b"), ("/a%2Fb", "/a%2Fb"), ("/a%2fb", "/a%2fb"),
        ("\\a\\b", nil), ("/a\\..\\b", "/b"), ("/a//../b", "/a/b"), ("/a//b/./c", "/a//b/c"),
        ("/%zz/.x/%4", "/%zz/.x/%4"),
        ("/a/..?b=/../%61", "/?b=/../%61"), ("/%7Euser/%20", "/~user/%20"), ("*", nil), ("", nil), ("/...", "/..."),
        ("/%252e%252e/a", "/%252e%252e/a"),
    ])
    func `paths that mean the same get one form`(target: String, expected: String?) {
        let result = PathNormalization.normalized(target.utf8.span)
        #expect(result.map { String(decoding: $0, as: UTF8.self) } == expected)
    }

    @Test(arguments: [
        ("/a/b.html?x=/../%61", false), ("/", false), ("/a.b/c", false), ("/.well-known", true), ("/%61", true),
        ("/a\\b", true), ("*", false),
    ])
    func `nearly every path is left alone`(target: String, isWanted: Bool) {
        let result = PathNormalization.isWanted(target.utf8.span)
        #expect(result == isWanted)
    }
}

@Suite struct CORSTests {
    static func decide(
        _ method: String,
        origin: String?,
        requestMethod: String? = nil,
        _ change: (inout CORSPolicy) -> Void = { _ in }
    ) throws -> CORSRules.Decision {
        var policy = CORSPolicy()
        policy.allowOrigins = [.exact("https://a.test"), .prefix("https://b."), .expression("https://[c-d]\\.test")]
        policy.allowMethods = ["GET", "POST"]
        policy.allowHeaders = ["x-one", "x-two"]
        policy.maxAge = 86400
        policy.allowsCredentials = true
        change(&policy)
        var fields: [(String, String)] = []
        if let origin { fields.append(("origin", origin)) }
        if let requestMethod { fields.append(("access-control-request-method", requestMethod)) }
        return try CORSRules(policy).decide(RouteMatchTests.head("/", method: method, fields))
    }

    @Test(arguments: ["https://a.test", "https://b.anything", "https://c.test"])
    func `an allowed origin goes on, and is remembered`(origin: String) throws {
        #expect(try Self.decide("GET", origin: origin) == .allowed(origin: Array(origin.utf8)))
        // OPTIONS without the field is no preflight.
        #expect(try Self.decide("OPTIONS", origin: origin) == .allowed(origin: Array(origin.utf8)))
    }

    @Test func `other origins, and no origin, go on as if there were no policy`() throws {
        #expect(try Self.decide("GET", origin: nil) == .none)
        #expect(try Self.decide("GET", origin: "https://evil.test") == .none)
        #expect(try Self.decide("OPTIONS", origin: "https://evil.test", requestMethod: "PUT") == .none)
        #expect(try Self.decide("OPTIONS", origin: nil, requestMethod: "PUT") == .none)
    }

    @Test func `a preflight of another origin is answered when it must not be forwarded`() throws {
        let decision = try Self.decide("OPTIONS", origin: "https://evil.test", requestMethod: "PUT") {
            $0.forwardsUnmatchedPreflights = false
        }
        let methods = HeaderChanges.Field("access-control-allow-methods", "GET,POST")
        let headers = HeaderChanges.Field("access-control-allow-headers", "x-one,x-two")
        #expect(decision == .answer([methods, headers, .init("access-control-max-age", "86400")]))
    }

    @Test func `a preflight is answered with what is allowed`() throws {
        let decision = try Self.decide("OPTIONS", origin: "https://a.test", requestMethod: "POST")
        #expect(
            decision
                == .answer([
                    .init("access-control-allow-origin", "https://a.test"),
                    .init("access-control-allow-credentials", "true"),
                    .init("access-control-allow-methods", "GET,POST"),
                    .init("access-control-allow-headers", "x-one,x-two"), .init("access-control-max-age", "86400"),
                ])
        )
    }

    @Test func `an asterisk allows every origin`() throws {
        let decision = try Self.decide("GET", origin: "https://evil.test") { $0.allowOrigins = [.exact("*")] }
        #expect(decision == .allowed(origin: Array("https://evil.test".utf8)))
    }

    @Test func `the response names the origin instead of what the application said`() throws {
        var policy = CORSPolicy()
        policy.exposeHeaders = ["x-a", "x-b"]
        var response = HTTP1Head()
        response.removeAll(beginning: 200, reason: "OK")
        response.append("Access-Control-Allow-Origin".utf8.span, "*".utf8.span)
        try CORSRules(policy).allow(Array("https://a.test".utf8), in: &response)
        #expect(
            RouteActionTests.text(response)
                == "HTTP/1.1 200 OK\r\naccess-control-allow-origin: https://a.test\r\n"
                + "access-control-expose-headers: x-a,x-b\r\n\r\n"
        )
    }
}
