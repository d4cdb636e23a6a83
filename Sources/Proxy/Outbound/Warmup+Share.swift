internal import Base
internal import Discovery
internal import Glibc

extension Destination.Warmup {
    /// What an endpoint gets of its share so long after it became known, from 0 to 1 (Envoy's slow start).
    func share(after age: Duration) -> Double {
        if age >= duration { return 1 }
        let grown = max(0, age / duration)
        let share = aggression == 1000 ? grown : pow(grown, 1000 / Double(max(1, aggression)))
        return min(1, max(Double(minimumShare) / 1000, share))
    }

    /// Draws whether an endpoint of that age gets the request that has fallen to it.
    func admits(after age: Duration, _ random: inout SplitMix64) -> Bool {
        age >= duration || Double(random.below(1 << 20)) < share(after: age) * Double(1 << 20)
    }
}
