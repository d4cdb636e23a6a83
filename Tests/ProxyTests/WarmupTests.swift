import Base
import Discovery
import EventLoop
import Testing

@testable import Proxy

@Suite struct WarmupTests {
    private static let start = MonotonicTime(nanoseconds: 1_000_000_000_000)

    static let shares: [(aggression: Int, seconds: Int, share: Double)] = [
        (1000, 0, 0.1), (1000, 50, 0.5), (1000, 5, 0.1), (1000, 100, 1), (1000, 500, 1), (2000, 25, 0.5),
        (2000, 0, 0.1),
    ]

    @Test(arguments: shares)
    func `a share grows with time`(_ row: (aggression: Int, seconds: Int, share: Double)) {
        var warmup = Destination.Warmup(duration: .seconds(100))
        warmup.aggression = row.aggression
        #expect(abs(warmup.share(after: .seconds(row.seconds)) - row.share) < 0.001)
    }

    private static func destination(_ count: Int, _ policy: Destination.LoadBalancing) -> Destination {
        var destination = Destination(name: "test", host: "test", port: 80, application: .http)
        destination.loadBalancing = policy
        destination.warmup = Destination.Warmup(duration: .seconds(100))
        destination.endpoints = (1...count).map {
            Destination.Endpoint(address: "10.0.0.\($0)", port: 80, tls: .plaintext, reason: "")
        }
        return destination
    }

    private static func pool(
        _ destination: Destination,
        after predecessor: DestinationPool? = nil,
        at now: MonotonicTime
    ) -> DestinationPool {
        let tables = ProxyTables(ProxyTables.Content(), credentials: nil, routing: .empty)
        var builder = DestinationPoolBuilder(destination, tables, predecessor, at: now)
        return builder.build()
    }

    /// How many of 4,000 requests each endpoint gets.
    private static func counts(_ pool: DestinationPool, at now: MonotonicTime) -> [Int] {
        var random = SplitMix64(seed: 3)
        var counts = [Int](repeating: 0, count: pool.endpoints.count)
        for _ in 0..<4000 {
            let picked = pool.pick(original: pool.endpoints[0].address, at: now, &random)
            if let index = pool.endpoints.firstIndex(where: { $0 === picked }) { counts[index] += 1 }
        }
        return counts
    }

    @Test(arguments: [Destination.LoadBalancing.roundRobin, .leastRequest])
    func `a new endpoint gets little at first, and its whole share in the end`(policy: Destination.LoadBalancing) {
        let old = Self.pool(Self.destination(2, policy), at: Self.start)
        let grown = Self.pool(Self.destination(3, policy), after: old, at: Self.start + .seconds(1000))
        // A tenth of what each of the others gets.
        #expect((100...280).contains(Self.counts(grown, at: Self.start + .seconds(1000))[2]))
        #expect((1150...1500).contains(Self.counts(grown, at: Self.start + .seconds(1101))[2]))
    }

    @Test(arguments: [Destination.LoadBalancing.roundRobin, .leastRequest])
    func `where all are new, each gets the same`(policy: Destination.LoadBalancing) {
        let pool = Self.pool(Self.destination(4, policy), at: Self.start)
        #expect(Self.counts(pool, at: Self.start).allSatisfy { (800...1200).contains($0) })
    }

    @Test func `an endpoint that is spoken to in another way is not new for that`() {
        let old = Self.pool(Self.destination(2, .roundRobin), at: Self.start)
        var changed = Self.destination(2, .roundRobin)
        changed.maxConnections = 7
        let pool = Self.pool(changed, after: old, at: Self.start + .seconds(1000))
        #expect(pool.endpoints.map(\.birth) == [Self.start, Self.start] && pool.endpoints[0] !== old.endpoints[0])
    }
}
