import JSON
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        ("{\"b\":1,\"a\":[true,false,null,-2.5,\"x\"]}", "{\"a\":[true,false,null,-2.5,\"x\"],\"b\":1}"),
        (" [ 9223372036854775807 , 1e2 ] ", "[9223372036854775807,100]"),
        (#""\u00e9\n\ud83d\ude00\/""#, "\"é\\n😀/\""),
        ("\"\\u0001\"", "\"\\u0001\""),
        ("{}", "{}"),
    ])
    func `a value is written as it was read, keys sorted`(text: String, written: String) throws {
        #expect(try JSON(parsing: text).text() == written)
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\" 1}", "01", "1.", "1e", "-", "tru", "\"\\x\"", "\"\u{1}\"", "[1] 2", "nul", "{1:2}",
        "\"",
        String(repeating: "[", count: 100_000),
    ])
    func `what is not JSON is refused`(text: String) {
        #expect(throws: JSONError.self) { _ = try JSON(parsing: text) }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: JSONError.self) { _ = try JSON(parsing: [0x22, 0xff, 0x22]) }
    }

    @Test func `every prefix of an object is refused`() {
        let whole = Array(#"{"a":[1,{"b":"c\n"}],"d":true}"#.utf8)
        for length in 0..<whole.count {
            #expect(throws: JSONError.self) { _ = try JSON(parsing: Array(whole[..<length])) }
        }
    }

    @Test func `members are set, replaced and removed by path`() {
        var value: JSON = [:]
        value["a", "b", "c"] = 1
        value["a", "d"] = "x"
        value["a", "b"] = nil
        #expect(value == ["a": ["d": "x"]])
        #expect(value["a", "missing", "c"] == nil)
    }
}
