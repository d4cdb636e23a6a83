internal import Base
internal import Discovery
internal import EventLoop
internal import HTTP

/// What an exchange remembers of the route that decides about it.
struct RouteProgress {
    let match: RouteMatch
    /// The destination that was chosen; nil before, and for routes that have none.
    var choice: ForwardingPlan.Choice?
    /// The allowed origin of the page that the request is from; nil for others.
    var origin: [UInt8]?
    /// Whether the request got as far as the route's action.
    var isRouted = false

    init(_ match: RouteMatch) { self.match = match }

    /// Changes a response of the endpoint as the route wants it.
    func edit(_ response: inout HTTP1Head, from source: any FieldSource) {
        choice?.responseHeaders.apply(to: &response, from: source)
        match.route.responseHeaders.apply(to: &response, from: source)
        if let origin { match.route.cors?.allow(origin, in: &response) }
    }

    /// Changes an answer by the proxy itself as the route wants it.
    func edit(_ reply: inout LocalReply, from source: any FieldSource) {
        for edits in [choice?.responseHeaders, match.route.responseHeaders] {
            if let edits, !edits.isEmpty { reply.edits.append(edits.settled(for: reply.status, from: source)) }
        }
        guard let origin, let cors = match.route.cors else { return }
        reply.fields += cors.responseFields(origin: String(octets: origin.span))
    }
}

/// The timers of one exchange.
struct ExchangeTimers {
    /// For the whole response.
    var total: TimerID?
    /// For one attempt.
    var attempt: TimerID?
    /// Until a pause is over.
    var pause: TimerID?

    /// Cancels what is set, and forgets it.
    static func cancel(_ timer: inout TimerID?, on loop: EventLoop) {
        guard let set = timer.take() else { return }
        loop.cancel(set)
    }

    mutating func cancelAll(on loop: EventLoop) {
        Self.cancel(&total, on: loop)
        Self.cancel(&attempt, on: loop)
        Self.cancel(&pause, on: loop)
    }
}
