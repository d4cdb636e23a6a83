import Base
import JSON
import Testing
import YAML

@Suite struct YAMLWritingTests {
    @Test func `an object is printed as kubectl prints it`() {
        let value: JSON = [
            "kind": "Service", "apiVersion": "v1",
            "metadata": ["name": "httpbin", "labels": ["app": "httpbin"], "annotations": [:], "finalizers": []],
            "spec": ["ports": [["port": 8000, "name": "http"], ["port": 9000]], "clusterIP": .null, "on": true],
            "data": ["mesh": "a: b\nc: |\n  d\n"],
        ]
        #expect(
            YAML.text(value) == """
                apiVersion: v1
                data:
                  mesh: |
                    a: b
                    c: |
                      d
                kind: Service
                metadata:
                  annotations: {}
                  finalizers: []
                  labels:
                    app: httpbin
                  name: httpbin
                spec:
                  clusterIP: null
                  "on": true
                  ports:
                  - name: http
                    port: 8000
                  - port: 9000

                """
        )
    }

    @Test(arguments: [
        ("httpbin", "httpbin"), ("", "\"\""), ("8000", "\"8000\""), ("true", "\"true\""), ("yes", "\"yes\""),
        ("null", "\"null\""), ("~", "\"~\""), ("1.5", "\"1.5\""), ("a: b", "'a: b'"), ("a:b", "a:b"),
        ("*", "'*'"), ("*.local", "'*.local'"), ("- a", "'- a'"), ("#a", "'#a'"), ("a #b", "'a #b'"),
        (" a", "' a'"), ("a ", "'a '"), ("12:30", "\"12:30\""), ("2024-01-02", "\"2024-01-02\""),
        ("2024-01-02T03:04:05Z", "\"2024-01-02T03:04:05Z\""), ("it's", "it's"), ("{}", "'{}'"), ("é", "é"),
        ("a\tb", "\"a\\tb\""), ("0x1f", "\"0x1f\""), ("1e3", "\"1e3\""), ("10.0.0.1", "10.0.0.1"), ("@a", "'@a'"),
        ("a\n", "|\n  a"), ("a\nb", "|-\n  a\n  b"), ("a\n\n", "|+\n  a\n"), ("<<", "\"<<\""),
    ])
    func `a string is quoted when it would be read as something else`(text: String, written: String) {
        #expect(YAML.text(["k": .string(text)]) == "k: \(written)\n")
    }

    @Test func `a long string is folded at 80 columns`() throws {
        let words = Array(repeating: "word", count: 40).joined(separator: " ")
        let written = YAML.text(["k": .string(words)])
        #expect(written.split(separator: "\n").allSatisfy { $0.count <= 85 })
        #expect(try YAML.value(written) == ["k": .string(words)])
    }

    @Test func `keys are sorted with numbers by value and letters last`() {
        let keys = ["b", "a10", "a2", "a01", "A", "a", "_x", "a-1", "100", "12", ".dot"]
        let written = YAML.text(.object(Dictionary(uniqueKeysWithValues: keys.map { ($0, JSON.null) })))
        let order = written.split(separator: "\n").map { $0.replacing(": null", with: "").replacing("\"", with: "") }
        #expect(order == [".dot", "_x", "12", "100", "A", "a", "a-1", "a01", "a2", "a10", "b"])
    }

    @Test func `every value is read back as it was written`() throws {
        var random = SplitMix64(seed: 1)
        for _ in 0..<500 {
            let value = JSON.random(&random, depth: 0)
            guard !value.isNull else { continue }
            #expect(try YAML.value(YAML.text(value)) == value)
        }
    }

    @Test func `documents are separated`() throws {
        let text = YAML.text(documents: [["a": 1], ["b": 2]])
        #expect(text == "a: 1\n---\nb: 2\n")
    }
}

extension JSON {
    private static let texts = [
        "", "a", "yes", "no ", "1", "0x1", "a\nb", "\n", " \n a", "a\n ", "\t", "é\u{1F600}", "- a", "a: b", "'", "\"",
        "\\",
        "#", "%", "|", ">", "---", "...", "?", ":", "a:", "\u{7f}", "\u{85}", "\u{2028}", "\u{feff}", "\r\n", "\u{0}",
        "&a",
        "!a", "12e03", "1:30", "null", "<<", "=", "a\n\n\nb\n\n", "  leading\ntext",
    ]

    static func random(_ numbers: inout SplitMix64, depth: Int) -> JSON {
        switch numbers.next() % (depth > 3 ? 5 : 7) {
        case 0: return .null
        case 1: return .bool(numbers.next() % 2 == 0)
        case 2: return .int(Int64(bitPattern: numbers.next()))
        case 3: return .double(Double(numbers.next() % 1_000_000) / 1024 + 0.0625)
        case 4: return .string(texts.randomElement(using: &numbers) ?? "")
        case 5: return .array((0..<numbers.next() % 4).map { _ in random(&numbers, depth: depth + 1) })
        default:
            var members: [String: JSON] = [:]
            for _ in 0..<numbers.next() % 4 {
                members[texts.randomElement(using: &numbers) ?? ""] = random(&numbers, depth: depth + 1)
            }
            return .object(members)
        }
    }
}
