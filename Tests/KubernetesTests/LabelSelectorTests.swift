import Base
import JSON
import Kubernetes
import Testing

@Suite struct LabelSelectorTests {
    struct Case: CustomTestStringConvertible {
        let selector: String
        let labels: [String: String]
        let isMatch: Bool
        var testDescription: String { "\(selector) on \(labels) is \(isMatch)" }

        init(_ selector: String, _ labels: [String: String], _ isMatch: Bool) {
            self.selector = selector
            self.labels = labels
            self.isMatch = isMatch
        }
    }

    @Test(arguments: [
        Case("", ["a": "b"], true),
        Case("app=sleep", ["app": "sleep"], true),
        Case("app==sleep", ["app": "httpbin"], false),
        Case("app = sleep , version = v1", ["app": "sleep", "version": "v1"], true),
        Case("app=sleep,version=v1", ["app": "sleep"], false),
        Case("app!=sleep", [:], true),
        Case("app!=sleep", ["app": "sleep"], false),
        Case("app=", ["app": ""], true),
        Case("app=", ["app": "x"], false),
        Case("app", ["app": "x"], true),
        Case("!app", ["app": "x"], false),
        Case("!app", [:], true),
        Case("tier in (a, b),app", ["tier": "b", "app": ""], true),
        Case("tier in (a, b)", ["tier": "c"], false),
        Case("tier in (a)", [:], false),
        Case("tier notin (a,b)", [:], true),
        Case("tier notin (a,b)", ["tier": "a"], false),
        Case("n>3", ["n": "4"], true),
        Case("n>3", ["n": "3"], false),
        Case("n<3", ["n": "x"], false),
        Case("security.istio.io/tlsMode=istio", ["security.istio.io/tlsMode": "istio"], true),
        Case("in=x", ["in": "x"], true),
    ])
    func `selects as kubectl does`(_ example: Case) throws {
        #expect(try LabelSelector(parsing: example.selector).matches(example.labels) == example.isMatch)
    }

    @Test(arguments: [
        ",", "a=b,", "=b", "a in b", "a in (b", "a in", "a b", "!", "a/b/c=d", "a=b c", "a>x", "-a=b", "a=b!",
        "\u{e9}=b",
        "/a=b", "a=" + String(repeating: "x", count: 64),
    ])
    func `refuses what kubectl refuses`(_ text: String) {
        #expect(throws: MeshError(.invalidConfiguration, "")) { try LabelSelector(parsing: text) }
    }

    @Test(arguments: [
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("a in b", "unable to parse requirement: found 'b', expected: '('"),
        (",", "unable to parse requirement: found ',', expected: '!', identifier"),
    ])
    func `says what stands in the way as kubectl's users know it`(text: String, message: String) throws {
        let error = #expect(throws: MeshError.self) { try LabelSelector(parsing: text) }
        #expect(error?.message == message)
    }

    @Test func `reads matchLabels and matchExpressions`() throws {
        let selector = try LabelSelector([
            "matchLabels": ["app": "sleep"],
            "matchExpressions": [
                ["key": "v", "operator": "In", "values": ["1", "2"]], ["key": "old", "operator": "DoesNotExist"],
            ],
        ])
        #expect(selector.matches(["app": "sleep", "v": "2"]))
        #expect(!selector.matches(["app": "sleep", "v": "2", "old": ""]))
        #expect(!selector.matches(["app": "sleep", "v": "3"]))
    }

    @Test(
        arguments: [
            ["key": "v", "operator": "In"], ["key": "v", "operator": "Exists", "values": ["x"]],
            ["key": "v", "operator": "Sometimes"], [:],
        ] as [JSON]
    )
    func `refuses a bad expression`(_ expression: JSON) {
        #expect(throws: MeshError(.invalidConfiguration, "")) {
            try LabelSelector(["matchExpressions": [expression]])
        }
    }
}
