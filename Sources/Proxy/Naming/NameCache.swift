internal import Base
internal import EventLoop
internal import Network

/// Somebody who cannot go on before a name has been looked up.
protocol NameWaiter: AnyObject {
    /// The name is known now, or it is known that it cannot be found: asking again answers at once.
    func nameArrived()
}

/// The addresses of the names that requests ask for, as one worker knows them.
///
/// Strangers choose the names, within a wildcard: names, lookups at once and addresses of a name are bounded. An answer
/// counts for ``freshness``, is used for ``staleness`` while it is asked for again, and is forgotten then.
final class NameCache {
    enum Answer {
        /// At least one.
        case addresses([IPAddress])
        /// The waiter will be told.
        case unknownYet
        case failure(String)
        /// Too many are being looked up.
        case overflow
    }

    typealias Lookup = @Sendable (String) async throws -> [IPAddress]

    static let mostNames = 1024
    /// Each takes a thread for as long as the system's resolver does.
    static let mostLookups = 64
    static let mostAddresses = 16
    static let freshness: Duration = .seconds(5)
    static let staleness: Duration = .seconds(60)
    /// How long it is believed that a name cannot be found.
    static let failureFreshness: Duration = .seconds(1)

    /// What a lookup has brought.
    enum Outcome: Sendable {
        case addresses([IPAddress])
        case failure(String)
    }

    private struct Known {
        var outcome: Outcome
        var foundAt: MonotonicTime
        /// When it was tried last to find it again.
        var triedAt: MonotonicTime
    }

    private let loop: EventLoop
    private let lookUp: Lookup
    private let patience: Duration
    private var known: [String: Known] = [:]
    private var underWay: [String: NameLookup] = [:]
    /// Those whose threads have not ended, waited for or not.
    private(set) var lookups = 0

    /// - Parameter patience: How long anybody waits.
    init(
        _ loop: EventLoop,
        patience: Duration = .seconds(5),
        lookUp: @escaping Lookup = { try await HostResolver.addresses(of: $0) }
    ) {
        (self.loop, self.patience, self.lookUp) = (loop, patience, lookUp)
    }

    var count: Int { known.count }

    /// What is known about `name`, which is in lower case.
    func addresses(of name: String, for waiter: any NameWaiter) -> Answer {
        if let known = known[name] {
            let age = loop.now - known.foundAt
            switch known.outcome {
            case .addresses(let addresses) where age < Self.staleness:
                if loop.now - known.triedAt >= Self.freshness, underWay[name] == nil { _ = start(name) }
                return .addresses(addresses)
            case .failure(let reason) where age < Self.failureFreshness: return .failure(reason)
            case .addresses, .failure: break
            }
        }
        guard let lookup = underWay[name] ?? start(name) else { return .overflow }
        lookup.add(waiter)
        return .unknownYet
    }

    private func start(_ name: String) -> NameLookup? {
        guard lookups < Self.mostLookups else { return nil }
        lookups += 1
        let lookup = NameLookup(name, self)
        underWay[name] = lookup
        lookup.timer = loop.schedule(after: patience, lookup)
        let home = LoopBound(WeakCache(self), on: loop)
        let (handle, lookUp) = (loop.handle, lookUp)
        let report: @Sendable (Outcome) -> Void = { outcome in
            handle.submit { loop in
                home.withValue(on: loop) { $0.cache?.ended(name, outcome) }
            }
        }
        Self.find(name, lookUp, report)
        return lookup
    }

    private static func find(
        _ name: String,
        _ lookUp: @escaping Lookup,
        _ report: @escaping @Sendable (Outcome) -> Void
    ) {
        let work: @Sendable () async -> Void = { report(await outcome(of: name, lookUp)) }
        Task.detached(operation: work)
    }

    private static func outcome(of name: String, _ lookUp: Lookup) async -> Outcome {
        do {
            let found = try await lookUp(name)
            let objections = found.map(ForwardableAddress.objection)
            let allowed = zip(found, objections).filter { $0.1 == nil }.map(\.0)
            guard let first = allowed.first else {
                return .failure(
                    objections.compactMap(\.self).first.map { "\(name): \($0)" } ?? "\(name) has no address"
                )
            }
            // As Istio: where a name has both kinds, the kind that every pod can reach.
            let isMixed = allowed.contains { $0.isIPv6 != first.isIPv6 }
            return .addresses(Array(allowed.filter { !isMixed || !$0.isIPv6 }.prefix(mostAddresses)))
        } catch {
            return .failure("\(error)")
        }
    }

    /// The lookup's thread has ended.
    private func ended(_ name: String, _ outcome: Outcome) {
        lookups -= 1
        learn(name, outcome)
    }

    fileprivate func expired(_ lookup: NameLookup) {
        guard underWay[lookup.name] === lookup else { return }
        lookup.timer = nil
        learn(lookup.name, .failure("looking up \(lookup.name) took too long"))
    }

    private func learn(_ name: String, _ outcome: Outcome) {
        let now = loop.now
        if case .failure = outcome, case .addresses? = known[name]?.outcome {
            known[name]?.triedAt = now  // The last addresses stay in use for a while.
        } else {
            makeRoom()
            known[name] = Known(outcome: outcome, foundAt: now, triedAt: now)
        }
        guard let lookup = underWay.removeValue(forKey: name) else { return }
        if let timer = lookup.timer { loop.cancel(timer) }
        for waiter in lookup.waiters { waiter.nameArrived() }
    }

    private func makeRoom() {
        guard known.count >= Self.mostNames else { return }
        let now = loop.now
        known = known.filter { now - $0.value.foundAt < Self.freshness }
        if known.count >= Self.mostNames { known.removeAll() }
    }
}

/// One lookup and those who wait for it.
final class NameLookup: TimerHandler {
    private struct Reference { weak var waiter: (any NameWaiter)? }

    let name: String
    private unowned let cache: NameCache
    private var references: [Reference] = []
    var timer: TimerID?

    fileprivate init(_ name: String, _ cache: NameCache) { (self.name, self.cache) = (name, cache) }

    func add(_ waiter: any NameWaiter) { references.append(Reference(waiter: waiter)) }
    var waiters: [any NameWaiter] { references.compactMap(\.waiter) }
    func timerFired(_ timer: TimerID) { cache.expired(self) }
}

/// The worker may be gone when an answer comes.
private final class WeakCache {
    weak var cache: NameCache?

    init(_ cache: NameCache) { self.cache = cache }
}
