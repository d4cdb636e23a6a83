internal import Base
internal import Discovery
internal import EventLoop
internal import HTTP

/// What a VirtualService's route does with a request: faults first, then CORS, then the route's action.
extension Exchange {
    /// Does what a route says.
    func follow(_ match: RouteMatch) {
        log.routeName = match.route.name
        progress = RouteProgress(match)
        guard let fault = match.route.fault else { return goOn(match) }
        guard fault.delay > .zero, fault.delayed.occurs(&worker.random) else { return abortOrGoOn(match) }
        log.flag.insert(.delayInjected)
        pause(for: fault.delay)
    }

    /// The delay of a fault is over, or there was none.
    func abortOrGoOn(_ match: RouteMatch) {
        guard let fault = match.route.fault, let abort = fault.abort, fault.aborted.occurs(&worker.random) else {
            return goOn(match)
        }
        respond(.aborted(abort))
    }

    private func goOn(_ match: RouteMatch) {
        if let cors = match.route.cors {
            switch cors.decide(head) {
            case .none: break
            case .allowed(let origin): progress?.origin = origin
            case .answer(let fields): return respond(.preflight(fields))
            }
        }
        progress?.isRouted = true
        switch match.route.action {
        case .redirect(let redirect):
            let location = RedirectLocation(redirect: redirect)
            let text = location.text(for: head, matched: match.matchedPath, port: match.port)
            respond(.redirect(to: text, status: redirect.status))
        case .respond(let response): respond(.direct(response))
        case .forward(let plan): forward(by: plan, match)
        }
    }

    private func forward(by plan: ForwardingPlan, _ match: RouteMatch) {
        let choice = plan.choose(using: &worker.random)
        progress?.choice = choice
        guard let pool = worker.pool(named: choice.name) else { return respond(.noCluster) }
        edit(by: plan, choice, match)
        timeout = GRPCTimeout.effective(head, limit: plan.forwarding.timeout)
        attemptTimeout = plan.forwarding.retries.perTryTimeout
        let expected = attemptTimeout > .zero ? attemptTimeout : timeout
        if expected > .zero {
            let digits = DecimalDigits(expected.milliseconds)
            head.append("x-envoy-expected-rq-timeout-ms".utf8.span, digits.span)
        }
        if upgrade == nil { startMirrors(plan.forwarding.mirrors) }
        start(pool, plan.forwarding.retries)
    }

    /// Changes the request's head: the destination's changes and then the route's, and last its authority and path.
    private func edit(by plan: ForwardingPlan, _ choice: ForwardingPlan.Choice, _ match: RouteMatch) {
        choice.requestHeaders.apply(to: &head, from: self)
        match.route.requestHeaders.apply(to: &head, from: self)
        if !plan.forwarding.authority.isEmpty { head.set(.host, to: plan.forwarding.authority) }
        guard let path = plan.rewrittenPath(of: head, matched: match.matchedPath) else { return }
        let original = [UInt8](copying: head.path)
        head.set(.xEnvoyOriginalPath, to: original.span)
        head.setTarget(path.span)
    }
}
