import Base
import JSON
import Testing
import YAML

@Suite struct YAMLReadingTests {
    @Test(
        arguments: [
            ("yes", true), ("No", false), ("on", true), ("OFF", false), ("y", true), ("true", true), ("~", .null),
            ("null", .null), ("8000", 8000), ("0777", 511), ("0x1F", 31), ("0o17", 15), ("0b101", 5), ("-12", -12),
            ("1_000", 1000), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000), ("08", 8), ("1.0", 1),
            ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("1.2.3", "1.2.3"), ("10.0.0.1", "10.0.0.1"),
            ("12:30", "12:30"), ("2024-01-02", "2024-01-02"), ("\"yes\"", "yes"), ("'8000'", "8000"), ("\"\"", ""),
            ("httpbin", "httpbin"), ("!!str 12", "12"), ("!!int \"12\"", 12), ("-", .array([.null])), ("--", "--"),
            ("0x", "0x"), ("+", "+"), ("tRue", "tRue"), ("yeS", "yeS"),
        ] as [(String, JSON)]
    )
    func `a plain scalar is what it looks like and a quoted one a string`(text: String, value: JSON) throws {
        #expect(try YAML.value(text) == value)
    }

    @Test func `a manifest of several documents is read without the empty ones`() throws {
        let text = """
            # comment only
            ---
            apiVersion: v1
            kind: Service
            spec:
              ports:
              - name: http
                port: 8000
              - {name: tcp, port: 9000}
            ---
            ---
            kind: Other
            """
        let documents = try YAML.documents(text)
        #expect(
            documents.map(\.value) == [
                [
                    "apiVersion": "v1", "kind": "Service",
                    "spec": ["ports": [["name": "http", "port": 8000], ["name": "tcp", "port": 9000]]],
                ], ["kind": "Other"],
            ]
        )
        #expect(documents.map(\.line) == [3, 12])
        #expect(throws: YAMLError.self) { try YAML.value(text) }
        #expect(try YAML.value("") == .null)
    }

    @Test func `keys that are no strings become strings`() throws {
        #expect(try YAML.value("8000: a\n1.5: c\ny: d\n") == ["8000": "a", "1.5": "c", "true": "d"])
        #expect(throws: YAMLError.self) { try YAML.value("true: a\ny: d\n") }
    }

    @Test func `anchors, aliases and merge keys`() throws {
        let text = """
            base: &base {a: 1, b: 2}
            list: &list [x, *base]
            own:
              <<: *base
              b: 3
            both:
              <<: [{a: 9}, *base]
            again: *list
            """
        let value = try YAML.value(text)
        #expect(value["own"] == ["a": 1, "b": 3])
        #expect(value["both"] == ["a": 9, "b": 2])
        #expect(value["again"] == ["x", ["a": 1, "b": 2]])
    }

    @Test func `a block scalar keeps its lines`() throws {
        #expect(try YAML.value("a: |\n  one\n  two\nb: >-\n  one\n  two\n") == ["a": "one\ntwo\n", "b": "one two"])
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3\n", 3), ("a: [1, 2\nb: }", 2), ("a:\n\t- b", 2), ("a: *missing", 1), ("- &a [*a]", 1),
        ("a: .inf", 1), ("a:\n  b: !custom x", 2), ("? [1]\n: 2", 1), ("<<: 3", 1), ("a: \u{1}", 1), ("a: b: c", 1),
        ("x\n--- %", 2), ("!!int foo", 1), ("a: 'open", 1),
    ])
    func `what is not YAML is refused with its line`(text: String, line: Int) throws {
        let error = try #require(throws: YAMLError.self) { try YAML.value(text) }
        #expect(error.line == line, "\(error)")
        #expect(error.description.hasPrefix("yaml: line \(line): "))
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: YAMLError.self) { try YAML.documents([0x61, 0x3a, 0x20, 0xff, 0xfe]) }
    }

    @Test func `aliases cannot multiply beyond the limit`() throws {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        for level in 1...20 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let error = try #require(throws: YAMLError.self) { try YAML.value(text) }
        #expect(error.reason == "aliases repeat more than 100000 values")
    }

    @Test func `depth, size and number of values are limited`() {
        let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
        #expect(throws: YAMLError.self) { try YAML.value(deep) }
        #expect(throws: YAMLError.self) { try YAML.value(String(repeating: "- ", count: 5000)) }
        var limits = YAML.Limits()
        limits.octets = 10
        limits.values = 3
        #expect(throws: YAMLError.self) { try YAML.value("a: 1234567890", limits: limits) }
        #expect(throws: YAMLError.self) { try YAML.value("[1,2,3]", limits: limits) }
        #expect(throws: Never.self) { try YAML.value("[1,2]", limits: limits) }
    }

    @Test func `no change of a manifest makes the reader fail in any other way than by refusing`() {
        let manifest = Array("a: &x [1, {b: 'c'}]\nd: *x\n<<: {e: |\n  f\n}\n# g\n--- !!str \"\\u00e9\"\n".utf8)
        var random = SplitMix64(seed: 7)
        for _ in 0..<3000 {
            var bytes = manifest
            for _ in 0...Int(random.next() % 4) {
                let index = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: index)
                default: bytes.insert(manifest[Int(random.next() % UInt64(manifest.count))], at: index)
                }
            }
            _ = try? YAML.documents(bytes)
        }
    }
}
