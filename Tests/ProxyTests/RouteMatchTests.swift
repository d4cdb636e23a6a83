import Discovery
import HTTP
import Testing

@testable import Proxy

@Suite struct RouteMatchTests {
    static func head(
        _ target: String,
        method: String = "GET",
        host: String = "web.foo",
        _ fields: [(String, String)] = []
    ) -> HTTP1Head {
        var head = HTTP1Head()
        head.removeAll(beginning: method, target: target.utf8.span)
        head.append(.host, host)
        for (name, value) in fields { head.append(name.utf8.span, value.utf8.span) }
        return head
    }

    static func matches(_ head: HTTP1Head, _ change: (inout HTTPMatch) -> Void) throws -> Bool {
        var match = HTTPMatch()
        change(&match)
        return try RequestConditions(match).matchedPath(of: head, pathCount: head.pathCount) != nil
    }

    @Test(arguments: [
        (TextMatch.exact("/a"), false, "/a", true), (.exact("/a"), false, "/a?q=1", true),
        (.exact("/a"), false, "/ab", false), (.exact("/a"), false, "/A", false), (.exact("/a"), true, "/A", true),
        (.prefix("/a"), false, "/abc/d", true), (.prefix("/a/"), false, "/a", false),
        (.prefix("/A"), true, "/aB", true), (.prefix("/"), false, "/", true),
        (.expression("/v[0-9]+"), false, "/v1", true), (.expression("/v[0-9]+"), false, "/v1/x", false),
        (.expression("/v[0-9]+"), false, "/v1?x", true), (.expression("(?i)/V1"), false, "/v1", true),
    ])
    func `compares the path without its query`(text: TextMatch, ignoresCase: Bool, target: String, isMatch: Bool) throws
    {
        let result = try Self.matches(Self.head(target)) {
            $0.path = text
            $0.ignoresPathCase = ignoresCase
        }
        #expect(result == isMatch)
    }

    @Test func `asks for method, scheme and authority`() throws {
        let head = Self.head("/", method: "POST", host: "web.foo:8000", [("x-forwarded-proto", "https")])
        #expect(try Self.matches(head) { $0.method = .exact("POST") })
        #expect(try !Self.matches(head) { $0.method = .exact("post") })
        #expect(try Self.matches(head) { $0.scheme = .exact("https") })
        #expect(try !Self.matches(Self.head("/")) { $0.scheme = .exact("https") })
        #expect(try Self.matches(head) { $0.authority = .prefix("web.") })
        #expect(try !Self.matches(head) { $0.authority = .exact("web.foo") })
    }

    @Test(arguments: [
        (HTTPMatch.Value("x-user", .exact("jason")), true), (.init("x-user", .exact("Jason")), false),
        (.init("x-user", .prefix("ja")), true), (.init("x-user", .expression("j.*n")), true),
        (.init("x-user", nil), true), (.init("x-none", nil), false), (.init("x-none", .exact("")), false),
        (.init("x-none", .exact("a"), isInverted: true), true), (.init("x-none", nil, isInverted: true), true),
        (.init("x-user", nil, isInverted: true), false), (.init("x-user", .exact("jason"), isInverted: true), false),
        (.init("x-user", .exact("other"), isInverted: true), true),
        // Several lines are one text.
        (.init("x-list", .exact("a,b")), true), (.init("x-list", .exact("a")), false),
        (.init("x-list", .prefix("a")), true), (.init(":authority", .exact("web.foo")), true),
        (.init("host", .prefix("web")), true), (.init(":method", .exact("GET")), true),
        (.init(":path", .exact("/p?q=1")), true),
    ])
    func `asks for fields`(value: HTTPMatch.Value, isMatch: Bool) throws {
        let head = Self.head("/p?q=1", [("X-User", "jason"), ("x-list", "a"), ("X-List", "b")])
        #expect(try Self.matches(head) { $0.headers = [value] } == isMatch)
    }

    @Test(arguments: [
        (HTTPMatch.Value("a", .exact("1")), true), (.init("a", .exact("2")), false), (.init("b", nil), true),
        (.init("b", .exact("")), true), (.init("c", nil), false), (.init("d", .expression("x+")), true),
        (.init("d", .prefix("xx")), true), (.init("c", nil, isInverted: true), true),
        (.init("e", .exact("%20")), true), (.init("a", .exact("1"), isInverted: true), false),
    ])
    func `asks for parameters as they came, of several for the first`(value: HTTPMatch.Value, isMatch: Bool) throws {
        let head = Self.head("/p?a=1&b&a=2&d=xxx&e=%20&=&&")
        #expect(try Self.matches(head) { $0.parameters = [value] } == isMatch)
    }

    @Test func `all conditions of a match must hold, and one match of a route`() throws {
        var first = HTTPMatch()
        first.path = .prefix("/a")
        first.headers = [.init("x", .exact("1"))]
        var second = HTTPMatch()
        second.path = .exact("/b")
        var route = HTTPRoute(.forward(HTTPForwarding([WeightedDestination("one")])))
        route.matches = [first, second]
        let compiled = try CompiledRoute(route)
        #expect(compiled.matchedPath(of: Self.head("/abc", [("x", "1")]), pathCount: 4) == 2)
        #expect(compiled.matchedPath(of: Self.head("/abc"), pathCount: 4) == nil)
        #expect(compiled.matchedPath(of: Self.head("/b"), pathCount: 2) == 2)
    }

    @Test func `the first route that matches decides`() throws {
        func route(_ name: String, _ path: TextMatch?) -> HTTPRoute {
            var route = HTTPRoute(.respond(DirectResponse(status: 200)))
            route.name = name
            if let path {
                var match = HTTPMatch()
                match.path = path
                route.matches = [match]
            }
            return route
        }
        let routes = try CompiledRoutes([
            route("a", .prefix("/a")), route("ab", .prefix("/ab")), route("all", nil), route("never", .exact("/x")),
        ])
        func name(_ target: String) -> String? { routes.match(Self.head(target), port: 80)?.route.name }
        #expect(name("/ab") == "a")
        #expect(name("/x") == "all")
        #expect(try CompiledRoutes([route("a", .exact("/a"))]).match(Self.head("/b"), port: 80)?.route.name == nil)
    }

    @Test(arguments: ["(", "(?=x)"])
    func `a route with a bad expression is refused by name`(pattern: String) {
        var route = HTTPRoute(.respond(DirectResponse(status: 200)))
        var match = HTTPMatch()
        match.path = .expression(pattern)
        route.matches = [match]
        route.origin = "VirtualService foo/bad"
        #expect { try CompiledRoutes([route]) } throws: { "\($0)".contains("VirtualService foo/bad, route default") }
    }
}

@Suite struct DomainTableTests {
    @Test(arguments: [
        ("www.example.com", "exact"), ("a.example.com", ".example.com"), ("a.b.example.com", ".b.example.com"),
        ("example.com", "*"), ("www.test", "www."), ("www.api.test", "www.api."), ("other", "*"),
        // A suffix wins over a prefix.
        ("www.api.example.com", ".example.com"),
    ])
    func `the exact name wins over the longest suffix, the longest prefix and the asterisk`(
        host: String,
        expected: String
    ) {
        var table = DomainTable<String>()
        table.insert("*", "*")
        table.insert("*.example.com", ".example.com")
        table.insert("*.b.example.com", ".b.example.com")
        table.insert("WWW.example.com", "exact")
        table.insert("www.*", "www.")
        table.insert("www.api.*", "www.api.")
        table.insert("www.example.com", "second")
        #expect(table[host] == expected)
    }

    @Test func `no domain, no value`() {
        var table = DomainTable<Int>()
        #expect(table["a"] == nil)
        table.insert("*.a", 1)
        #expect(table[".a"] == nil && table["b.a"] == 1 && table["b"] == nil)
    }
}
