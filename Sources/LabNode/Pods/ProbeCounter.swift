/// Turns single results of a probe into its verdict, by the thresholds (`core/v1.Probe`).
struct ProbeCounter: Sendable {
    private let successThreshold: Int
    private let failureThreshold: Int
    private var successes = 0
    private var failures = 0
    /// The last verdict; nil before the first.
    private(set) var verdict: Bool?

    init(successThreshold: Int, failureThreshold: Int) {
        self.successThreshold = successThreshold
        self.failureThreshold = failureThreshold
    }

    /// - Returns: The verdict if this result made a new one, or confirmed a failure; nil when nothing follows from it.
    mutating func add(isSuccess: Bool) -> Bool? {
        if isSuccess {
            (successes, failures) = (successes + 1, 0)
            guard successes >= successThreshold, verdict != true else { return nil }
        } else {
            (successes, failures) = (0, failures + 1)
            guard failures >= failureThreshold else { return nil }
        }
        verdict = isSuccess
        return isSuccess
    }
}
