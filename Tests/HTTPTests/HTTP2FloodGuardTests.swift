import EventLoop
import Testing

@testable import HTTP

@Suite struct HTTP2FloodGuardTests {
    static let start = MonotonicTime(nanoseconds: 5_000_000_000)

    /// How many frames pass before one is too many; at most 100,000.
    static func passing(_ flood: inout HTTP2FloodGuard, _ frames: [HTTP2FloodGuard.Frame], at now: MonotonicTime) -> Int
    {
        var count = 0
        while count < 100_000 {
            for frame in frames where !flood.allows(frame, at: now) { return count }
            count += 1
        }
        return count
    }

    @Test func `a flood is cut off, and time gives a little back`() {
        var flood = HTTP2FloodGuard(at: Self.start)
        #expect(Self.passing(&flood, [.control], at: Self.start) == HTTP2FloodGuard.controlBurst)
        let isAllowed = flood.allows(.control, at: Self.start + .milliseconds(5))
        #expect(!isAllowed)
        #expect(Self.passing(&flood, [.control], at: Self.start + .seconds(2)) == 2 * HTTP2FloodGuard.controlRate)
        #expect(Self.passing(&flood, [.control], at: Self.start + .seconds(3600)) == HTTP2FloodGuard.controlBurst)
    }

    @Test func `resets are counted apart, and streams that came to their end earn them`() {
        var flood = HTTP2FloodGuard(at: Self.start)
        #expect(Self.passing(&flood, [.reset], at: Self.start) == HTTP2FloodGuard.resetBurst)
        let isAllowed = flood.allows(.control, at: Self.start)
        #expect(isAllowed)
        var honest = HTTP2FloodGuard(at: Self.start)
        #expect(Self.passing(&honest, [.completed, .reset], at: Self.start) == 100_000)
    }

    @Test func `a client that moves data may ping and widen windows as it likes`() {
        var flood = HTTP2FloodGuard(at: Self.start)
        #expect(Self.passing(&flood, [.data, .control, .control], at: Self.start) == 100_000)
        #expect(Self.passing(&flood, [.data, .control, .control, .control], at: Self.start) < 2000)
    }

    @Test func `a section out of all proportion is one too many`() {
        var flood = HTTP2FloodGuard(at: Self.start)
        let isAllowed = flood.allows(.oversized, at: Self.start)
        #expect(!isAllowed)
    }
}
