internal import Base
internal import Discovery

extension Percentage {
    /// Whether this request is one of the share.
    func occurs(_ random: inout SplitMix64) -> Bool {
        if self == .all { return true }
        return millionths > 0 && random.below(1_000_000) < millionths
    }
}
