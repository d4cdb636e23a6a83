import Testing

@testable import RegularExpressions

@Suite struct RegularExpressionTests {
    @Test(arguments: [
        ("/v[0-9]+/.*", "/v12/x", true), ("/v[0-9]+", "/v12/x", false), ("v1", "/v1", false),
        ("(?i)/ABC", "/abc", true), (".*", "", true), ("a|b", "b", true), ("", "", true), ("", "x", false),
        ("[^a]*", "ünïcode", true),
    ])
    func `matches the whole text or not at all`(pattern: String, text: String, isMatch: Bool) throws {
        let result = try RegularExpression(pattern).matches(text.utf8.span)
        #expect(result == isMatch)
    }

    @Test(arguments: [("b", "abc", true), ("^b", "abc", false), ("", "", true), ("c$|x", "abc", true)])
    func `finds a part that matches`(pattern: String, text: String, isMatch: Bool) throws {
        #expect(try RegularExpression(pattern).matches(somewhereIn: text.utf8.span) == isMatch)
    }

    @Test(arguments: ["(", "a**", "[z-a]", "(?=x)", "\\1", "a{1001}", String(repeating: "x", count: 20_000)])
    func `refuses what RE2 does not have`(pattern: String) {
        #expect(throws: RegularExpressionError.self) { try RegularExpression(pattern) }
    }

    @Test func `refuses a program that takes too much memory`() {
        #expect { try RegularExpression("((x{100}){100}){10}") } throws: { error in
            (error as? RegularExpressionError)?.reason.isEmpty == false
        }
    }

    @Test func `takes linear time for what makes others take exponential time`() throws {
        let expression = try RegularExpression("(a*)*b")
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 60_000)
        let start = ContinuousClock.now
        let result = expression.matches(text.span)
        #expect(!result && start.duration(to: .now) < .seconds(2))
    }

    @Test(arguments: [
        ("/service/([^/]+)(/.*)", "\\2/instance/\\1", "/service/foo/v1/api", "/v1/api/instance/foo"),
        ("one", "two", "/xxx/one/yyy/one/zzz", "/xxx/two/yyy/two/zzz"), ("o", "", "foo", "f"),
        ("x", "\\\\", "axb", "a\\b"),
    ])
    func `replaces every match`(pattern: String, substitution: String, text: String, expected: String) throws {
        let result = try RegularExpression(pattern).replacingAll(in: text.utf8.span, with: substitution)
        #expect(result.map { String(decoding: $0, as: UTF8.self) } == expected)
    }

    @Test func `says when there is nothing to replace`() throws {
        let result = try RegularExpression("z").replacingAll(in: "abc".utf8.span, with: "y")
        #expect(result == nil)
    }

    @Test func `refuses a substitution with a group that is not there`() throws {
        let expression = try RegularExpression("(a)b")
        try expression.check(substitution: "\\1\\0")
        #expect(throws: RegularExpressionError.self) { try expression.check(substitution: "\\2") }
        #expect(throws: RegularExpressionError.self) { try expression.check(substitution: "\\x") }
    }
}
