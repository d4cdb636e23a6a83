public import Base

/// When a workload renews its certificate: about half-way, and not all workloads at once.
public struct RotationSchedule: Sendable {
    /// The share of the lifetime that is left when the renewal begins (SECRET_GRACE_PERIOD_RATIO).
    public var ratio = 0.5
    /// The ratio changes by up to this much, up or down (SECRET_GRACE_PERIOD_RATIO_JITTER).
    public var jitter = 0.01

    public init() {}

    /// How long to wait before the renewal begins; zero when it is due.
    ///
    /// - Parameters:
    ///   - obtained: When the certificate arrived, which is a little after its validity began.
    public func delay(
        obtained: Timestamp,
        notAfter: Timestamp,
        now: Timestamp,
        using random: inout some RandomNumberGenerator
    ) -> Duration {
        let change = jitter > 0 ? Double.random(in: -jitter..<jitter, using: &random) : 0
        let grace = (notAfter - obtained) * min(1, max(0, ratio + change))
        return max(.zero, notAfter - now - grace)
    }
}
