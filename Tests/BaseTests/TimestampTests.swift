import Base
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2024-02-29T12:34:56Z", 1_709_210_096), ("1969-12-31T23:59:59Z", -1),
        ("2100-03-01T00:00:00Z", 4_107_542_400), ("2024-01-02T03:04:05+02:00", 1_704_157_445),
    ])
    func `reads RFC 3339`(text: String, seconds: Int64) { #expect(Timestamp(text)?.seconds == seconds) }

    @Test(arguments: [0, 1_709_210_096, -1, 951_782_400, 4_107_542_400])
    func `what it writes it reads`(seconds: Int64) {
        let moment = Timestamp(seconds: seconds)
        #expect(Timestamp(moment.description) == moment)
    }

    @Test func `fractions are kept`() {
        #expect(
            Timestamp("2024-01-02T03:04:05.678901234Z")?.formatted(fractionDigits: 6) == "2024-01-02T03:04:05.678901Z"
        )
    }

    @Test(arguments: ["", "2024-01-02", "2024-13-02T03:04:05Z", "2024-01-02T03:04:05", "2024-01-02T25:04:05Z"])
    func `refuses anything else`(text: String) { #expect(Timestamp(text) == nil) }

    @Test func `what lies beyond becomes the first or last moment`() {
        let last = Timestamp(nanoseconds: .max)
        for text in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999+00:00", "2262-04-12T00:00:00Z"] {
            #expect(Timestamp(text) == last)
        }
        let first = Timestamp(nanoseconds: .min)
        for text in ["0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z"] { #expect(Timestamp(text) == first) }
        #expect(Timestamp(seconds: .max) == last && Timestamp(seconds: .min) == first)
        #expect(last + .seconds(1) == last && first + .seconds(-1) == first)
        #expect(last - first > .seconds(Int64(18_000_000_000)))
        #expect(last.description == "2262-04-11T23:47:16Z" && first.description.hasPrefix("1677-09-21T"))
        #expect(Timestamp("2262-04-11T23:47:16Z")?.seconds == last.seconds)
    }
}
