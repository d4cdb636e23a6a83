internal import Synchronization

/// Closes one stream whose peer lets us wait too long.
///
/// Setting a deadline costs no task and no timer: whoever owns the watchdogs calls ``check(at:)`` now and then.
final class Watchdog: Sendable {
    private let deadline = Mutex<ContinuousClock.Instant?>(nil)
    private let expire: @Sendable () -> Void

    /// - Parameter expire: Called once the deadline has passed; must not block.
    init(expire: @escaping @Sendable () -> Void) { self.expire = expire }

    func start(_ patience: Duration) { deadline.withLock { $0 = .now + patience } }
    func stop() { deadline.withLock { $0 = nil } }

    /// Runs `body`, and expires when it takes longer than `patience`.
    func during<Result>(_ patience: Duration, _ body: () async throws -> Result) async rethrows -> Result {
        start(patience)
        defer { stop() }
        return try await body()
    }

    func check(at now: ContinuousClock.Instant) {
        let isExpired = deadline.withLock { deadline in
            guard let due = deadline, due <= now else { return false }
            deadline = nil
            return true
        }
        if isExpired { expire() }
    }
}

/// The watchdogs of one server.
final class Watchdogs: Sendable {
    private let all = Mutex<[ObjectIdentifier: Watchdog]>([:])
    /// Given when there is one after there was none.
    private let arrival = Signal()

    func insert(_ watchdog: Watchdog) {
        let isFirst = all.withLock { all in
            all[ObjectIdentifier(watchdog)] = watchdog
            return all.count == 1
        }
        if isFirst { arrival.signal() }
    }

    func remove(_ watchdog: Watchdog) { all.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(watchdog)) } }

    /// Checks all of them every `interval` as long as there are any, until the task is cancelled.
    func run(every interval: Duration) async throws {
        while true {
            // A server without clients does not wake up: there are many of those on a machine.
            while all.withLock({ $0.isEmpty }), !Task.isCancelled { await arrival.wait() }
            try await Task.sleep(for: interval)
            let now = ContinuousClock.now
            for watchdog in all.withLock({ Array($0.values) }) { watchdog.check(at: now) }
        }
    }
}
