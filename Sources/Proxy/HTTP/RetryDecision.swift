internal import Base
internal import Discovery

/// Whether a request that got no response, or not the right one, is sent again.
///
/// Istio's default outbound is `connect-failure,refused-stream,unavailable,cancelled`, inbound `reset-before-request`; two
/// attempts more.
struct RetryDecision: Hashable, Sendable {
    private let policy: RetryPolicy
    private(set) var attemptsLeft: Int
    private(set) var wasRetried = false

    init(_ policy: RetryPolicy) {
        self.policy = policy
        attemptsLeft = max(0, policy.attempts)
    }

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

    /// How an attempt ended.
    enum Failure: Hashable, Sendable {
        case reset(LocalReply.ResetReason, Progress)
        /// It took longer than `perTryTimeout`.
        case timeout
        /// A response came.
        ///
        /// - `grpcStatus`: From the response's head; nil when it has none.
        case response(status: Int, grpcStatus: Int?)
    }

    enum Answer: Hashable, Sendable {
        /// Sent again after a pause.
        case retry(after: Duration)
        /// Would be sent again, but there is no attempt left (flag `URX`).
        case exhausted
        case giveUp
    }

    /// Decides; an answer to try again uses up one attempt.
    ///
    /// - Parameters:
    ///   - isIdempotent: Whether sending the request twice is as good as once (RFC 9110 §9.2.2).
    ///   - canReplay: Whether all of the request is still here.
    mutating func decide(
        _ failure: Failure,
        isIdempotent: Bool,
        canReplay: Bool,
        _ random: inout SplitMix64
    ) -> Answer {
        if policy.attempts <= 0 { return .giveUp }
        let isRace = isIdempotent && failure.isIdleRace
        guard isRace || isRetriable(failure), canReplay else { return .giveUp }
        if attemptsLeft == 0 { return .exhausted }
        let pause = isRace ? .zero : pause(&random)
        attemptsLeft -= 1
        wasRetried = true
        return .retry(after: pause)
    }

    private func isRetriable(_ failure: Failure) -> Bool {
        let conditions = policy.conditions
        switch failure {
        case .reset(.overflow, _): return false
        case .reset(let reason, .notSent):
            let anyway: RetryPolicy.Conditions = [.reset, .resetBeforeRequest, .serverError, .gatewayError]
            if !conditions.isDisjoint(with: anyway) { return true }
            return conditions.contains(reason == .remoteRefusedStream ? .refusedStream : .connectFailure)
        case .reset, .timeout: return !conditions.isDisjoint(with: [.reset, .serverError, .gatewayError])
        case .response(let status, let grpcStatus): return isRetriable(status, grpcStatus)
        }
    }

    private func isRetriable(_ status: Int, _ grpcStatus: Int?) -> Bool {
        let conditions = policy.conditions
        if status >= 500, conditions.contains(.serverError) { return true }
        if (502...504).contains(status), conditions.contains(.gatewayError) { return true }
        if status == 409, conditions.contains(.retriable4xx) { return true }
        if conditions.contains(.retriableStatusCodes), policy.statusCodes.contains(where: { Int($0) == status }) {
            return true
        }
        guard let grpcStatus, let condition = Self.grpcConditions[grpcStatus] else { return false }
        return conditions.contains(condition)
    }

    private static let grpcConditions: [Int: RetryPolicy.Conditions] = [
        1: .cancelled, 4: .deadlineExceeded, 8: .resourceExhausted, 13: .internal, 14: .unavailable,
    ]

    /// A random part of the base, which doubles with each attempt up to ten times itself.
    private func pause(_ random: inout SplitMix64) -> Duration {
        let base = max(1, Int(policy.backoff.nanoseconds / 1000))
        let doubled = base << min(10, policy.attempts - attemptsLeft)
        return .microseconds(random.below(min(doubled, base * 10)))
    }
}

extension RetryDecision.Failure {
    fileprivate var isIdleRace: Bool { if case .reset(_, .sentOnReusedConnection) = self { true } else { false } }
}
