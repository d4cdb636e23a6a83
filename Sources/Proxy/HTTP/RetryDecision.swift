internal import Discovery

/// Whether a request that got no response is sent again (Istio's default: `connect-failure,refused-stream,unavailable,
/// cancelled` outbound, `reset-before-request` inbound; two attempts more).
struct RetryDecision: Hashable, Sendable {
    private(set) var attemptsLeft: Int
    private(set) var wasRetried = false

    init(_ policy: RetryPolicy) { attemptsLeft = max(0, policy.attempts) }

    /// How far an attempt came.
    enum Progress: Sendable {
        /// No byte of the request left this process.
        case notSent
        /// Some of the request may have reached the server, which closed a connection that had served before: the usual
        /// race of an idle connection.
        case sentOnReusedConnection
        case sent
        /// Some of the response has come.
        case answered
    }

    /// Decides; a true answer uses up one attempt.
    ///
    /// - Parameters:
    ///   - isIdempotent: Whether sending the request twice is as good as once (RFC 9110 §9.2.2).
    ///   - canReplay: Whether all of the request is still here.
    mutating func shouldRetry(_ progress: Progress, isIdempotent: Bool, canReplay: Bool) -> Bool {
        guard attemptsLeft > 0, canReplay else { return false }
        switch progress {
        case .notSent: break
        case .sentOnReusedConnection where isIdempotent: break
        case .sentOnReusedConnection, .sent, .answered: return false
        }
        attemptsLeft -= 1
        wasRetried = true
        return true
    }
}
