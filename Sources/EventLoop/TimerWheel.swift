/// Timers hashed by deadline into a ring of buckets: setting and cancelling cost a few instructions, however many there are.
///
/// A timer never fires early, and at most one ``tick`` late (plus what the loop is busy for). Reads no clock.
struct TimerWheel {
    /// Nanoseconds of one bucket.
    static let tick: Int64 = 4_000_000
    private static let bucketCount = 1024

    private struct Entry {
        var handler: (any TimerHandler)?
        /// The tick at whose beginning the timer is due.
        var due: Int64 = 0
        var generation: UInt32 = 1
        var next: Int32 = -1
        var previous: Int32 = -1
    }

    private var entries: [Entry] = []
    private var free: [Int32] = []
    private var heads = [Int32](repeating: -1, count: bucketCount)
    /// One bit for each bucket that holds a timer.
    private var occupied = [UInt64](repeating: 0, count: bucketCount / 64)
    /// Every tick up to this one has been served.
    private var served: Int64
    private(set) var count = 0

    init(now: MonotonicTime) { served = now.nanoseconds / Self.tick }

    mutating func schedule(at deadline: MonotonicTime, _ handler: any TimerHandler) -> TimerID {
        let rounded = deadline.nanoseconds / Self.tick + (deadline.nanoseconds % Self.tick == 0 ? 0 : 1)
        let slot = takeSlot()
        entries[Int(slot)].handler = handler
        entries[Int(slot)].due = max(rounded, served + 1)
        link(slot)
        count += 1
        return TimerID(slot: UInt32(slot), generation: entries[Int(slot)].generation)
    }

    /// Forgets the timer; one that is spent, cancelled or unknown is left alone.
    mutating func cancel(_ timer: TimerID) {
        let slot = Int(timer.slot)
        guard slot < entries.count, entries[slot].generation == timer.generation, entries[slot].handler != nil
        else { return }
        release(Int32(slot))
    }

    /// Takes one timer that is due at `now`; nil when there is none (left).
    mutating func popDue(now: MonotonicTime) -> (handler: any TimerHandler, timer: TimerID)? {
        let current = now.nanoseconds / Self.tick
        guard count > 0 else {
            served = max(served, current)
            return nil
        }
        // After a long sleep one round over all buckets meets every timer.
        var tick = max(served + 1, current - Int64(Self.bucketCount) + 1)
        while tick <= current {
            if let slot = firstDue(inBucketOf: tick, current: current) {
                let timer = TimerID(slot: UInt32(slot), generation: entries[Int(slot)].generation)
                guard let handler = entries[Int(slot)].handler else { return nil }
                served = tick - 1  // The same bucket may hold another one.
                release(slot)
                return (handler, timer)
            }
            tick += 1
        }
        served = max(served, current)
        return nil
    }

    /// Nanoseconds until the next bucket with a timer begins; nil without timers.
    ///
    /// The timers in it may be due a whole number of rounds later; then the loop merely looks in.
    func untilNext(now: MonotonicTime) -> Int64? {
        guard count > 0 else { return nil }
        let first = Int(truncatingIfNeeded: (served + 1) & Int64(Self.bucketCount - 1))
        for step in 0...(Self.bucketCount / 64) {
            let word = (first / 64 + step) % (Self.bucketCount / 64)
            var bits = occupied[word]
            if step == 0 { bits &= ~0 << UInt64(first % 64) }
            if step == Self.bucketCount / 64 { bits &= ~(~0 << UInt64(first % 64)) }
            if bits == 0 { continue }
            let bucket = word * 64 + bits.trailingZeroBitCount
            let distance = Int64((bucket - first + Self.bucketCount) % Self.bucketCount)
            return max(0, (served + 1 + distance) * Self.tick - now.nanoseconds)
        }
        return nil
    }

    private func firstDue(inBucketOf tick: Int64, current: Int64) -> Int32? {
        var slot = heads[Int(truncatingIfNeeded: tick & Int64(Self.bucketCount - 1))]
        while slot >= 0 {
            if entries[Int(slot)].due <= current { return slot }
            slot = entries[Int(slot)].next
        }
        return nil
    }

    private mutating func takeSlot() -> Int32 {
        if let slot = free.popLast() { return slot }
        entries.append(Entry())
        return Int32(entries.count - 1)
    }

    private func bucket(_ slot: Int32) -> Int {
        Int(truncatingIfNeeded: entries[Int(slot)].due & Int64(Self.bucketCount - 1))
    }

    private mutating func link(_ slot: Int32) {
        let bucket = bucket(slot)
        let head = heads[bucket]
        entries[Int(slot)].next = head
        entries[Int(slot)].previous = -1
        if head >= 0 { entries[Int(head)].previous = slot }
        heads[bucket] = slot
        occupied[bucket / 64] |= 1 << UInt64(bucket % 64)
    }

    private mutating func release(_ slot: Int32) {
        let bucket = bucket(slot)
        let (previous, next) = (entries[Int(slot)].previous, entries[Int(slot)].next)
        if previous >= 0 { entries[Int(previous)].next = next } else { heads[bucket] = next }
        if next >= 0 { entries[Int(next)].previous = previous }
        if heads[bucket] < 0 { occupied[bucket / 64] &= ~(1 << UInt64(bucket % 64)) }
        entries[Int(slot)].handler = nil
        entries[Int(slot)].generation &+= 1
        free.append(slot)
        count -= 1
    }
}
