import Base
import Testing

@Suite struct TextTests {
    @Test(arguments: [
        ("as it is", "as it is"), ("one\n\t\u{1b}[1m", "one   [1m"), ("é\u{2028}\u{202e}x", "é  x"),
        ("of ten and more", "of ten ..."), ("ééééééé", "ééé..."), ("", ""),
    ])
    func `words of somebody else are one short line`(_ text: String, _ line: String) {
        #expect(text.onOneLine(limit: 10) == line)
    }

    @Test(arguments: [
        ([], ""), (["a"], "a"), (["one", "two", "three"], "one; two; three"),
        (["one", "two", "three", "four", "five"], "one; ... and 4 more"),
        (["much too long for one", "b"], "m...; ... and 1 more"), (["much too long for this"], "much too long for..."),
    ])
    func `a list that is too long ends with the number of the rest`(_ entries: [String], _ text: String) {
        #expect(entries.listed(limit: 20) == text)
    }
}
