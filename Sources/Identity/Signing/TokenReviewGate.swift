internal import Base
internal import Synchronization
internal import TLS

/// Stands before another reviewer, so that callers who prove nothing cannot keep the API server busy.
///
/// Few tokens are reviewed at a time, a bounded number waits for its turn, and what was refused is not asked again for
/// some seconds. Nothing that was accepted is remembered: a token can be revoked at any moment.
public final class TokenReviewGate: TokenReviewer {
    public struct Limits: Hashable, Sendable {
        /// Reviews at the same time.
        public var atOnce = 16
        /// Callers that wait for one; more are told to come again.
        public var waiting = 1024
        /// How long a refusal counts without asking.
        public var memory: Duration = .seconds(10)
        /// Refusals that are remembered; forgotten as a whole beyond.
        public var refusals = 4096

        public init() {}
    }

    private struct State {
        var running = 0
        var waiting: ArraySlice<CheckedContinuation<Bool, Never>> = []
        /// By digest, for tokens are secrets.
        var refused: [[UInt8]: ContinuousClock.Instant] = [:]
    }

    private let reviewer: any TokenReviewer
    private let limits: Limits
    private let state = Mutex(State())

    public init(_ reviewer: any TokenReviewer, limits: Limits = Limits()) {
        self.reviewer = reviewer
        self.limits = limits
    }

    public func review(token: String, audience: String) async throws -> (user: String, pod: String?)? {
        let digest = SHA256.hash(Array("\(audience)\n\(token)".utf8))
        if isRefused(digest) { return nil }
        try await enter()
        defer { leave() }
        if isRefused(digest) { return nil }
        let answer = try await reviewer.review(token: token, audience: audience)
        if answer == nil { refuse(digest) }
        return answer
    }

    private func isRefused(_ digest: [UInt8]) -> Bool {
        state.withLock { $0.refused[digest].map { ContinuousClock.now - $0 < limits.memory } ?? false }
    }

    private func refuse(_ digest: [UInt8]) {
        state.withLock { state in
            if state.refused.count >= limits.refusals { state.refused = [:] }
            state.refused[digest] = .now
        }
    }

    /// Waits for a turn.
    private func enter() async throws {
        let isFull = await withCheckedContinuation { (turn: CheckedContinuation<Bool, Never>) in
            let isFull = state.withLock { state -> Bool? in
                if state.running < limits.atOnce {
                    state.running += 1
                    return false
                }
                if state.waiting.count >= limits.waiting { return true }
                state.waiting.append(turn)
                return nil
            }
            if let isFull { turn.resume(returning: isFull) }
        }
        if isFull { throw MeshError(.unavailable, "too many tokens wait to be reviewed; try again later") }
    }

    /// Hands the turn to whoever waits longest.
    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if let next = state.waiting.popFirst() { return next }
            state.running -= 1
            return nil
        }
        next?.resume(returning: false)
    }
}
