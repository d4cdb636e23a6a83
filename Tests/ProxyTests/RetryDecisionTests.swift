import Base
import Discovery
import Testing

@testable import Proxy

@Suite struct RetryDecisionTests {
    static func decide(
        _ failure: RetryDecision.Failure,
        on conditions: RetryPolicy.Conditions = .standard,
        statuses: [UInt16] = [],
        isIdempotent: Bool = true,
        canReplay: Bool = true
    ) -> Bool {
        var policy = RetryPolicy(attempts: 2)
        policy.conditions = conditions
        policy.statusCodes = statuses
        var decision = RetryDecision(policy)
        var random = SplitMix64(seed: 1)
        let answer = decision.decide(failure, isIdempotent: isIdempotent, canReplay: canReplay, &random)
        if case .retry = answer { return true }
        return false
    }

    @Test func `by default retries what was not sent, and what an idle connection lost`() {
        let refused = RetryDecision.Failure.reset(.remoteConnectionFailure, .notSent)
        #expect(Self.decide(refused, isIdempotent: false))
        #expect(Self.decide(.reset(.connectionTimeout, .notSent)))
        #expect(Self.decide(.reset(.remoteRefusedStream, .notSent), isIdempotent: false))
        #expect(!Self.decide(refused, canReplay: false))
        #expect(Self.decide(.reset(.connectionTermination, .sentOnReusedConnection)))
        #expect(!Self.decide(.reset(.connectionTermination, .sentOnReusedConnection), isIdempotent: false))
        #expect(!Self.decide(.reset(.connectionTermination, .sent)))
        #expect(!Self.decide(.reset(.connectionTermination, .answered)))
        #expect(!Self.decide(.response(status: 503, grpcStatus: nil)))
        #expect(!Self.decide(.timeout))
    }

    typealias Case = (RetryPolicy.Conditions, RetryDecision.Failure, Bool)

    static let cases: [Case] = [
        (.connectFailure, .reset(.remoteConnectionFailure, .notSent), true),
        (.connectFailure, .reset(.remoteRefusedStream, .notSent), false),
        (.refusedStream, .reset(.remoteRefusedStream, .notSent), true),
        (.refusedStream, .reset(.remoteConnectionFailure, .notSent), false),
        (.reset, .reset(.connectionTermination, .sent), true), (.reset, .reset(.remoteReset, .answered), true),
        (.reset, .timeout, true), (.reset, .reset(.remoteConnectionFailure, .notSent), true),
        (.reset, .response(status: 503, grpcStatus: nil), false),
        (.resetBeforeRequest, .reset(.remoteConnectionFailure, .notSent), true),
        (.resetBeforeRequest, .reset(.connectionTermination, .sent), false),
        (.serverError, .response(status: 500, grpcStatus: nil), true), (.serverError, .timeout, true),
        (.serverError, .response(status: 499, grpcStatus: nil), false),
        (.serverError, .reset(.connectionTermination, .sent), true),
        (.gatewayError, .response(status: 503, grpcStatus: nil), true),
        (.gatewayError, .response(status: 500, grpcStatus: nil), false), (.gatewayError, .timeout, true),
        (.retriable4xx, .response(status: 409, grpcStatus: nil), true),
        (.retriable4xx, .response(status: 408, grpcStatus: nil), false),
        (.retriableStatusCodes, .response(status: 418, grpcStatus: nil), true),
        (.retriableStatusCodes, .response(status: 419, grpcStatus: nil), false),
        (.cancelled, .response(status: 200, grpcStatus: 1), true),
        (.deadlineExceeded, .response(status: 200, grpcStatus: 4), true),
        (.resourceExhausted, .response(status: 200, grpcStatus: 8), true),
        (.internal, .response(status: 200, grpcStatus: 13), true),
        (.unavailable, .response(status: 200, grpcStatus: 14), true),
        (.unavailable, .response(status: 200, grpcStatus: 13), false),
        (.unavailable, .response(status: 200, grpcStatus: nil), false),
        // Whatever the conditions: there is no room, and there will be none.
        ([.reset, .serverError], .reset(.overflow, .notSent), false),
    ]

    @Test(arguments: cases)
    func `each condition means what Envoy says`(
        conditions: RetryPolicy.Conditions,
        failure: RetryDecision.Failure,
        isRetried: Bool
    ) {
        #expect(Self.decide(failure, on: conditions, statuses: [418]) == isRetried)
    }

    @Test func `gives up after the last attempt, and says why`() {
        var decision = RetryDecision(RetryPolicy(attempts: 2))
        var random = SplitMix64(seed: 1)
        var answers: [RetryDecision.Answer] = []
        for _ in 0..<3 {
            let failure = RetryDecision.Failure.reset(.remoteConnectionFailure, .notSent)
            answers.append(decision.decide(failure, isIdempotent: true, canReplay: true, &random))
        }
        #expect(answers.last == .exhausted && !answers.dropLast().contains(.exhausted))
        #expect(decision.wasRetried)
        var none = RetryDecision(RetryPolicy(attempts: 0))
        #expect(none.decide(.timeout, isIdempotent: true, canReplay: true, &random) == .giveUp)
    }

    @Test func `pauses grow from the base to ten times of it, and are random`() {
        var policy = RetryPolicy(attempts: 8)
        policy.backoff = .milliseconds(100)
        var longest = [Duration](repeating: .zero, count: 8)
        for seed in 0..<400 {
            var random = SplitMix64(seed: UInt64(seed))
            var decision = RetryDecision(policy)
            for attempt in 0..<8 {
                let failure = RetryDecision.Failure.reset(.remoteConnectionFailure, .notSent)
                guard case .retry(let pause) = decision.decide(failure, isIdempotent: true, canReplay: true, &random)
                else { continue }
                longest[attempt] = max(longest[attempt], pause)
            }
        }
        for (attempt, limit) in [100, 200, 400, 800, 1000, 1000, 1000, 1000].enumerated() {
            #expect(longest[attempt] < .milliseconds(limit) && longest[attempt] > .milliseconds(limit * 9 / 10))
        }
    }
}
