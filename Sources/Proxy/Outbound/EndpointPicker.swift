internal import Base
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
        using random: inout SplitMix64,
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

    private mutating func choose(_ random: inout SplitMix64, _ load: (Int) -> Int) -> Int {
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

    private func weighted(_ random: inout SplitMix64) -> Int {
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
