internal import Discovery
internal import Mesh
internal import MeshAPI

// The routes of VirtualServices in the words of `Discovery`.
extension ResourceResolver {
    /// The route as proxies get it.
    static func route(_ decision: HTTPRouteDecision) -> HTTPRoute {
        var route = HTTPRoute(action(decision.action))
        if !decision.name.isEmpty { route.name = decision.name }
        route.matches = decision.matches.map(match)
        if replacesPrefix(decision.action) { anchorToRoot(&route.matches) }
        route.requestHeaders = changes(decision.headers.request)
        route.responseHeaders = changes(decision.headers.response)
        route.cors = decision.cors.map(cors)
        route.fault = decision.fault.map(fault) ?? FaultInjection()
        route.origin = decision.origin.description
        return route
    }

    /// Where bytes go; `weight` stays relative.
    static func destinations(_ shared: [SharedDestination]) -> [WeightedDestination] {
        shared.map { entry in
            var destination = WeightedDestination(entry.name.description, weight: entry.weight)
            destination.requestHeaders = changes(entry.headers.request)
            destination.responseHeaders = changes(entry.headers.response)
            return destination
        }
    }

    static func serverNames(_ decision: TLSRouteDecision) -> ServerNameRoutes.Route {
        ServerNameRoutes.Route(
            serverNames: decision.serverNames,
            destinations: destinations(decision.destinations)
        )
    }

    static func retries(_ decision: RetryDecision) -> RetryPolicy {
        var policy = RetryPolicy(attempts: decision.attempts)
        policy.conditions = RetryPolicy.Conditions(decision.conditions.compactMap { conditions[$0] })
        policy.statusCodes = decision.statusCodes.compactMap { UInt16(exactly: $0) }
        policy.perTryTimeout = decision.perTryTimeout
        if let backoff = decision.backoff { policy.backoff = backoff }
        return policy
    }

    private static let conditions: [String: RetryPolicy.Conditions] = [
        "5xx": .serverError, "gateway-error": .gatewayError, "reset": .reset,
        "reset-before-request": .resetBeforeRequest, "connect-failure": .connectFailure,
        "retriable-4xx": .retriable4xx, "refused-stream": .refusedStream,
        "retriable-status-codes": .retriableStatusCodes, "cancelled": .cancelled,
        "deadline-exceeded": .deadlineExceeded, "internal": .internal, "resource-exhausted": .resourceExhausted,
        "unavailable": .unavailable, "http3-post-connect-failure": .http3PostConnectFailure,
    ]

    // Conditions

    private static func match(_ match: VirtualService.HTTPMatch) -> HTTPMatch {
        var result = HTTPMatch()
        result.path = text(match.uri)
        result.ignoresPathCase = match.ignoreUriCase
        result.scheme = text(match.scheme)
        result.method = text(match.method)
        result.authority = text(match.authority)
        result.headers =
            values(match.headers) { $0.lowercased() }
            + values(match.withoutHeaders, isInverted: true) { $0.lowercased() }
        result.parameters = values(match.queryParams) { $0 }
        return result
    }

    private static func text(_ match: StringMatch?) -> TextMatch? {
        switch match {
        case .exact(let text): .exact(text)
        case .prefix(let text): .prefix(text)
        case .regex(let expression): .expression(expression)
        case .present, nil: nil
        }
    }

    private static func values(
        _ matches: [String: StringMatch],
        isInverted: Bool = false,
        name: (String) -> String
    ) -> [HTTPMatch.Value] {
        matches.sorted { $0.key < $1.key }.map { key, match in
            // An expression for anything only asks whether it is there.
            HTTPMatch.Value(name(key), match == .regex("*") ? nil : text(match), isInverted: isInverted)
        }
    }

    private static func replacesPrefix(_ action: HTTPRouteDecision.Action) -> Bool {
        switch action {
        case .forward(let forwarding): !(forwarding.rewrite?.uri.isEmpty ?? true)
        case .redirect(let redirect): !redirect.prefixRewrite.isEmpty
        case .respond: false
        }
    }

    /// Without a condition on the path, what is replaced of it is the `/` at its beginning.
    private static func anchorToRoot(_ matches: inout [HTTPMatch]) {
        if matches.isEmpty { matches = [HTTPMatch()] }
        for index in matches.indices where matches[index].path == nil { matches[index].path = .prefix("/") }
    }

    // Actions

    private static func action(_ action: HTTPRouteDecision.Action) -> HTTPRoute.Action {
        switch action {
        case .forward(let decision): .forward(forwarding(decision))
        case .redirect(let redirect): .redirect(self.redirect(redirect))
        case .respond(let response):
            .respond(DirectResponse(status: UInt16(exactly: response.status) ?? 500, body: response.body))
        }
    }

    private static func forwarding(_ decision: HTTPRouteDecision.Forwarding) -> HTTPForwarding {
        var forwarding = HTTPForwarding(destinations(decision.destinations))
        if let rewrite = decision.rewrite {
            forwarding.authority = rewrite.authority
            if let expression = rewrite.uriRegexRewrite {
                forwarding.pathRewrite = .expression(expression.match, substitution: expression.rewrite)
            } else if !rewrite.uri.isEmpty {
                forwarding.pathRewrite = .matched(rewrite.uri)
            }
        }
        forwarding.timeout = decision.timeout
        forwarding.retries = retries(decision.retries)
        forwarding.mirrors = decision.mirrors.map { mirror in
            HTTPForwarding.Mirror(mirror.destination.description, share: Percentage(percent: mirror.percentage))
        }
        return forwarding
    }

    private static func redirect(_ redirect: VirtualService.Redirect) -> HTTPRedirect {
        var result = HTTPRedirect()
        if redirect.redirectCode != 0 { result.status = UInt16(exactly: redirect.redirectCode) ?? 301 }
        result.scheme = redirect.scheme
        result.authority = redirect.authority
        result.path = redirect.uri
        result.prefix = redirect.prefixRewrite
        result.port =
            switch redirect.derivePort {
            case .fromProtocolDefault: .standard
            case .fromRequestPort: .request
            case nil: redirect.port.flatMap { UInt16(exactly: $0) }.map { .number($0) }
            }
        return result
    }

    private static func changes(_ operations: VirtualService.Headers.Operations) -> HeaderChanges {
        var changes = HeaderChanges()
        func fields(_ map: [String: String]) -> [HeaderChanges.Field] {
            map.sorted { $0.key < $1.key }.map { HeaderChanges.Field($0.lowercased(), $1) }
        }
        changes.remove = operations.remove.map { $0.lowercased() }
        changes.set = fields(operations.set)
        changes.add = fields(operations.add)
        return changes
    }

    private static func cors(_ policy: VirtualService.CORSPolicy) -> CORSPolicy {
        var result = CORSPolicy()
        result.allowOrigins = policy.allowOrigins.compactMap(text)
        result.allowMethods = policy.allowMethods
        result.allowHeaders = policy.allowHeaders
        result.exposeHeaders = policy.exposeHeaders
        result.maxAge = policy.maxAge.map { Int($0.components.seconds) }
        result.allowsCredentials = policy.allowCredentials
        result.forwardsUnmatchedPreflights = policy.unmatchedPreflights != .ignore
        return result
    }

    private static func fault(_ fault: VirtualService.Fault) -> FaultInjection {
        var result = FaultInjection()
        if let delay = fault.delay, let duration = delay.fixedDelay, duration > .zero {
            result.delay = duration
            result.delayed = Percentage(percent: delay.share)
        }
        guard let abort = fault.abort else { return result }
        if let status = abort.grpcStatus.flatMap(VirtualService.Fault.Abort.number(ofGRPCStatus:)) {
            result.abort = .grpcStatus(status)
        } else if let status = abort.httpStatus.flatMap({ UInt16(exactly: $0) }) {
            result.abort = .status(status)
        }
        if result.abort != nil { result.aborted = Percentage(percent: abort.percentage ?? 100) }
        return result
    }
}

extension Percentage {
    fileprivate init(percent: Double) { self.init(millionths: Int((min(100, max(0, percent)) * 10_000).rounded())) }
}
