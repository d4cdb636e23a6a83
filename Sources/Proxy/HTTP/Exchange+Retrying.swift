internal import Base
internal import Discovery
internal import EventLoop
internal import HTTP

/// Whether and where a request is tried again.
extension Exchange {
    /// An attempt came to nothing: there is another, or `reply` is the answer.
    func attemptEnded(_ failure: RetryDecision.Failure, otherwise reply: LocalReply) {
        switch decide(failure) {
        case .retry(let pause): tryAgain(after: pause)
        case .exhausted:
            log.flag.insert(.retryLimitExceeded)
            respond(reply)
        case .giveUp: respond(reply)
        }
    }

    /// Tells the pool how its endpoint did, which may be left out for a while then.
    func judgeEndpoint(_ outcome: EndpointHealth.Outcome) {
        guard let pool, let endpoint = endpoint?.chosen, pool.destination.outlierDetection != nil else { return }
        guard let time = pool.record(outcome, of: endpoint, at: worker.loop.now) else { return }
        worker.telemetry.log.warn(
            "\(endpoint.name) of \(pool.name) is left out for \(time.components.seconds) s: it failed too often in a row"
        )
    }

    /// Whether another attempt takes the place of this response; nothing of it has been sent yet.
    func isTriedAgain(instead response: HTTP1Head) -> Bool {
        judgeEndpoint(EndpointHealth.Outcome(status: response.status))
        guard phase == .waiting, upgrade == nil else { return false }
        let grpcStatus = response.text(of: .grpcStatus).flatMap { Int($0) }
        switch decide(.response(status: response.status, grpcStatus: grpcStatus)) {
        case .retry(let pause):
            release(isReusable: false)
            tryAgain(after: pause)
            return true
        case .exhausted:
            log.flag.insert(.retryLimitExceeded)
            return false
        case .giveUp: return false
        }
    }

    private func decide(_ failure: RetryDecision.Failure) -> RetryDecision.Answer {
        if let pool, !isRetrying, pool.destination.maxRetries > 0, pool.retries >= pool.destination.maxRetries {
            return .giveUp
        }
        return retry.decide(
            failure,
            isIdempotent: head.methodID.isIdempotent,
            canReplay: request.canReplay,
            &worker.random
        )
    }

    private func tryAgain(after pause: Duration) {
        attempts += 1
        if !isRetrying { pool?.retries += 1 }
        isRetrying = true
        encode()
        if pause == .zero { connect() } else { self.pause(for: pause) }
    }

    /// An endpoint of the pool, one that was not tried yet where a few draws find one.
    func pickEndpoint(of pool: DestinationPool) -> EndpointPool? {
        let now = worker.loop.now
        var picked = pool.pick(original: info.target, hash: hash, avoiding: tried.last, at: now, &worker.random)
        for _ in 0..<Self.mostDraws {
            guard let candidate = picked, tried.contains(where: { $0 === candidate }) else { break }
            picked = pool.pick(original: info.target, hash: hash, avoiding: candidate, at: now, &worker.random)
        }
        return picked
    }

    /// Istio's `hostSelectionRetryMaxAttempts`.
    private static let mostDraws = 5
}
