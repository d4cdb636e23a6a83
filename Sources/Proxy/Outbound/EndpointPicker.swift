internal import Discovery

/// Chooses an endpoint of a destination for one request or connection.
struct EndpointPicker {
    private let policy: Destination.LoadBalancing
    private let weights: [Int]
    private let totalWeight: Int
    private let isWeighted: Bool
    /// The round robin's smooth credits, one per endpoint (the algorithm of nginx' smooth weighted round robin).
    private var credits: [Int]

    init(_ policy: Destination.LoadBalancing, weights: [Int]) {
        self.policy = policy
        self.weights = weights.map { max(1, $0) }
        totalWeight = self.weights.reduce(0, +)
        isWeighted = Set(self.weights).count > 1
        credits = Array(repeating: 0, count: weights.count)
    }

    /// The index of the chosen endpoint; nil when there is none.
    ///
    /// - Parameters:
    ///   - excluded: An endpoint that just failed; avoided when there is another.
    ///   - load: How many requests an endpoint is serving now.
    mutating func pick(
        excluding excluded: Int? = nil,
        using random: inout FastRandom,
        load: (Int) -> Int
    ) -> Int? {
        if weights.isEmpty { return nil }
        if weights.count == 1 { return 0 }
        var chosen = choose(&random, load)
        if let excluded, chosen == excluded {
            chosen = (excluded + 1 + random.below(weights.count - 1)) % weights.count
        }
        return chosen
    }

    private mutating func choose(_ random: inout FastRandom, _ load: (Int) -> Int) -> Int {
        switch policy {
        case .random: weighted(&random)
        case .roundRobin: next()
        case .leastRequest: lessLoaded(weighted(&random), weighted(&random), load)
        }
    }

    /// The better of two random choices, as Envoy's least request does with its default `choice_count` of 2.
    private func lessLoaded(_ first: Int, _ second: Int, _ load: (Int) -> Int) -> Int {
        load(second) < load(first) ? second : first
    }

    private func weighted(_ random: inout FastRandom) -> Int {
        if !isWeighted { return random.below(weights.count) }
        var point = random.below(totalWeight)
        for (index, weight) in weights.enumerated() {
            if point < weight { return index }
            point -= weight
        }
        return weights.count - 1
    }

    private mutating func next() -> Int {
        var best = 0
        for index in weights.indices {
            credits[index] += weights[index]
            if credits[index] > credits[best] { best = index }
        }
        credits[best] -= totalWeight
        return best
    }
}

/// A quick generator for load balancing and request ids; never for keys.
///
/// The system's generator costs a system call each time. This is SplitMix64, whose state is seeded from the system.
struct FastRandom: RandomNumberGenerator {
    private var state: UInt64

    init() { state = UInt64.random(in: 0 ... .max) }
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    /// A number from 0 up to, and without, `bound`; `bound` is at least 1.
    mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
}
