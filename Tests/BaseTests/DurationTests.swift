import Base
import Testing

@Suite struct DurationTests {
    @Test(arguments: [
        ("10s", Duration.seconds(10)), ("1.5s", .milliseconds(1500)), ("30ms", .milliseconds(30)), ("0", .zero),
        ("1h5m", .seconds(3900)), ("-2s", .seconds(-2)), (".5s", .milliseconds(500)),
    ])
    func `durations are read as Go writes them`(text: String, duration: Duration) {
        #expect(Duration(goText: text) == duration)
    }

    @Test(arguments: ["", "10", "s", "1x", "1.s.", "--1s", "1s ", "1e3s", "99999999999999999999h"])
    func `what is no duration is refused`(text: String) { #expect(Duration(goText: text) == nil) }
}
