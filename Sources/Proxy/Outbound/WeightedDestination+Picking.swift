internal import Base
internal import Discovery

extension [WeightedDestination] {
    /// The name of one of them, by chance and weight; there must be one at least.
    func pick(_ random: inout SplitMix64) -> String {
        if count == 1 { return self[0].name }
        var point = random.below(reduce(0) { $0 + Swift.max(1, $1.weight) })
        for destination in self {
            let weight = Swift.max(1, destination.weight)
            if point < weight { return destination.name }
            point -= weight
        }
        return self[count - 1].name
    }
}
