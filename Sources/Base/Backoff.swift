/// How long to wait before trying again: longer after each failure, and never quite the same.
public struct Backoff: Sendable {
    private let first: Duration
    private let limit: Duration
    private var next: Duration

    /// - Parameters:
    ///   - first: The wait after the first failure.
    ///   - limit: The longest wait; each wait is twice the one before until then.
    public init(first: Duration = .milliseconds(100), limit: Duration = .seconds(10)) {
        self.first = first
        self.limit = limit
        next = first
    }

    /// The wait after one more failure, up to a quarter longer by chance so that many clients do not come back at once.
    public mutating func failed(using random: inout some RandomNumberGenerator) -> Duration {
        let wait = next
        next = min(limit, next * 2)
        return wait + wait * Double.random(in: 0..<0.25, using: &random)
    }

    /// The wait after one more failure, with the system's random numbers.
    public mutating func failed() -> Duration {
        var random = SystemRandomNumberGenerator()
        return failed(using: &random)
    }

    /// It worked: the next failure is a first one.
    public mutating func succeeded() { next = first }
}
