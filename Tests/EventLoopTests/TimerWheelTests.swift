import Testing

@testable import EventLoop

@Suite struct TimerWheelTests {
    private let handler = Closures()
    private func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }

    @Test(arguments: [1, 4, 5, 1000, 4095, 4096, 4097, 100_000, 3_600_000] as [Int64])
    func `a timer fires when it is due and not before`(delay: Int64) {
        var wheel = TimerWheel(now: at(10_003))
        let timer = wheel.schedule(at: at(10_003 + delay), handler)
        var now = at(10_003)
        var looks = 0
        while true {
            if let due = wheel.popDue(now: now) {
                #expect(due.timer == timer)
                break
            }
            guard let wait = wheel.untilNext(now: now) else { return #expect(Bool(false), "the timer was lost") }
            now = MonotonicTime(nanoseconds: now.nanoseconds + max(1, wait))
            looks += 1
        }
        #expect(now >= at(10_003 + delay) && now <= at(10_003 + delay + 4))
        #expect(looks <= 2 + delay / 4096)
        #expect(wheel.untilNext(now: now) == nil)
    }

    @Test func `random timers against a sorted list`() {
        var random = SystemRandomNumberGenerator()
        var wheel = TimerWheel(now: at(0))
        var expected: [TimerID: Int64] = [:]
        var now: Int64 = 0
        for _ in 0..<20_000 {
            let deadline = now + Int64.random(in: 0...9000, using: &random)
            expected[wheel.schedule(at: at(deadline), handler)] = deadline
            if Bool.random(using: &random), let victim = expected.keys.first {
                expected[victim] = nil
                wheel.cancel(victim)
            }
            if Int.random(in: 0..<8, using: &random) == 0 { now += Int64.random(in: 0...6000, using: &random) }
            while let due = wheel.popDue(now: at(now)) {
                guard let deadline = expected.removeValue(forKey: due.timer) else {
                    Issue.record("a timer that was cancelled or had fired")
                    return
                }
                #expect(deadline <= now)
            }
            #expect(wheel.count == expected.count)
        }
        now += 9004
        while let due = wheel.popDue(now: at(now)) { expected[due.timer] = nil }
        #expect(expected.isEmpty && wheel.count == 0)
    }
}
