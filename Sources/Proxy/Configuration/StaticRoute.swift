internal import Base
internal import Discovery
internal import JSON

/// Reads a route of a ``StaticConfiguration``: VirtualService's `http[]` with names of destinations in the place of
/// hosts.
///
/// ```json
/// { "name": "v2", "match": [{ "uri": { "prefix": "/api" }, "headers": { "user": { "exact": "jason" } } }],
///   "route": [{ "destination": "outbound|8000||web.foo", "weight": 9 }],
///   "rewrite": { "uri": "/" }, "timeout": "2s", "retries": { "attempts": 3, "retryOn": "5xx,409" } }
/// ```
///
/// `{ "destination": "…", "prefix": "/api" }` is short for one destination.
struct StaticRoute {
    private let json: JSON

    /// - Throws: ``MeshError`` that names the member that cannot be used.
    static func read(_ json: JSON) throws(MeshError) -> HTTPRoute { try StaticRoute(json: json).route() }

    private func route() throws(MeshError) -> HTTPRoute {
        var route = HTTPRoute(try action())
        route.name = json["name"]?.string ?? "default"
        route.origin = "static configuration"
        for match in json["match"]?.array ?? [] { route.matches.append(try StaticMatch.read(match)) }
        if let short = json["prefix"]?.string.map({ TextMatch.prefix($0) })
            ?? json["exact"]?.string.map({ TextMatch.exact($0) })
        {
            var match = HTTPMatch()
            match.path = short
            route.matches = [match]
        }
        route.requestHeaders = Self.changes(json["headers"]?["request"])
        route.responseHeaders = Self.changes(json["headers"]?["response"])
        route.cors = try json["corsPolicy"].map(Self.cors)
        if let fault = json["fault"] { route.fault = try Self.fault(fault) }
        return route
    }

    private func action() throws(MeshError) -> HTTPRoute.Action {
        if let redirect = json["redirect"] { return .redirect(Self.redirect(redirect)) }
        if let response = json["directResponse"] {
            let body = response["body"]?["string"]?.string ?? ""
            return .respond(DirectResponse(status: Self.status(response["status"]) ?? 200, body: Array(body.utf8)))
        }
        return .forward(try forwarding())
    }

    private func forwarding() throws(MeshError) -> HTTPForwarding {
        var destinations = json["destination"]?.string.map { [WeightedDestination($0)] } ?? []
        for entry in json["route"]?.array ?? [] {
            var destination = WeightedDestination(
                entry["destination"]?.string ?? "",
                weight: Int(entry["weight"]?.int ?? 1)
            )
            destination.requestHeaders = Self.changes(entry["headers"]?["request"])
            destination.responseHeaders = Self.changes(entry["headers"]?["response"])
            destinations.append(destination)
        }
        if destinations.isEmpty { throw StaticConfiguration.wrong("route", "\(json)") }
        var forwarding = HTTPForwarding(destinations)
        let rewrite = json["rewrite"]
        forwarding.pathRewrite = rewrite?["uri"]?.string.map { .matched($0) }
        if let expression = rewrite?["uriRegexRewrite"] {
            forwarding.pathRewrite = .expression(
                expression["match"]?.string ?? "",
                substitution: expression["rewrite"]?.string ?? ""
            )
        }
        forwarding.authority = rewrite?["authority"]?.string ?? ""
        forwarding.timeout = try Self.duration(json["timeout"])
        if let retries = json["retries"] { forwarding.retries = try Self.retries(retries) }
        for mirror in json["mirrors"]?.array ?? [] {
            let share = Self.percentage(mirror["percentage"])
            forwarding.mirrors.append(.init(mirror["destination"]?.string ?? "", share: share))
        }
        return forwarding
    }

    private static func retries(_ json: JSON) throws(MeshError) -> RetryPolicy {
        var policy = RetryPolicy(attempts: Int(json["attempts"]?.int ?? 2))
        policy.perTryTimeout = try duration(json["perTryTimeout"])
        if json["backoff"] != nil { policy.backoff = try duration(json["backoff"]) }
        guard let text = json["retryOn"]?.string else { return policy }
        policy.conditions = []
        for word in text.split(separator: ",").map(String.init) {
            if let status = UInt16(word) {
                policy.statusCodes.append(status)
                policy.conditions.insert(.retriableStatusCodes)
            } else if let condition = conditions[word] {
                policy.conditions.insert(condition)
            } else {
                throw StaticConfiguration.wrong("retryOn", word)
            }
        }
        return policy
    }

    private static let conditions: [String: RetryPolicy.Conditions] = [
        "connect-failure": .connectFailure, "refused-stream": .refusedStream, "unavailable": .unavailable,
        "cancelled": .cancelled, "retriable-status-codes": .retriableStatusCodes, "5xx": .serverError,
        "gateway-error": .gatewayError, "reset": .reset, "reset-before-request": .resetBeforeRequest,
        "retriable-4xx": .retriable4xx, "deadline-exceeded": .deadlineExceeded, "internal": .internal,
        "resource-exhausted": .resourceExhausted,
    ]

    private static func redirect(_ json: JSON) -> HTTPRedirect {
        var redirect = HTTPRedirect()
        redirect.status = status(json["redirectCode"]) ?? 301
        redirect.scheme = json["scheme"]?.string ?? ""
        redirect.authority = json["authority"]?.string ?? ""
        redirect.path = json["uri"]?.string ?? ""
        redirect.prefix = json["prefixRewrite"]?.string ?? ""
        if let port = status(json["port"]) { redirect.port = .number(port) }
        if json["derivePort"]?.string == "FROM_REQUEST_PORT" { redirect.port = .request }
        if json["derivePort"]?.string == "FROM_PROTOCOL_DEFAULT" { redirect.port = .standard }
        return redirect
    }

    private static func cors(_ json: JSON) throws(MeshError) -> CORSPolicy {
        var policy = CORSPolicy()
        for origin in json["allowOrigins"]?.array ?? [] { policy.allowOrigins.append(try StaticMatch.text(origin)) }
        policy.allowMethods = json["allowMethods"]?.array?.compactMap(\.string) ?? []
        policy.allowHeaders = json["allowHeaders"]?.array?.compactMap(\.string) ?? []
        policy.exposeHeaders = json["exposeHeaders"]?.array?.compactMap(\.string) ?? []
        if json["maxAge"] != nil { policy.maxAge = Int(try duration(json["maxAge"]).components.seconds) }
        policy.allowsCredentials = json["allowCredentials"]?.bool ?? false
        policy.forwardsUnmatchedPreflights = json["unmatchedPreflights"]?.string != "IGNORE"
        return policy
    }

    private static func fault(_ json: JSON) throws(MeshError) -> FaultInjection {
        var fault = FaultInjection()
        if let delay = json["delay"] {
            fault.delay = try duration(delay["fixedDelay"])
            fault.delayed = percentage(delay["percentage"])
        }
        if let abort = json["abort"] {
            fault.abort = status(abort["httpStatus"]).map { .status($0) }
            if let code = abort["grpcStatus"]?.int { fault.abort = .grpcStatus(Int(code)) }
            fault.aborted = percentage(abort["percentage"])
        }
        return fault
    }

    private static func changes(_ json: JSON?) -> HeaderChanges {
        func fields(_ member: String) -> [HeaderChanges.Field] {
            let pairs = json?[member]?.object ?? [:]
            return pairs.keys.sorted().map { .init($0.lowercased(), pairs[$0]?.string ?? "") }
        }
        var changes = HeaderChanges()
        changes.remove = json?["remove"]?.array?.compactMap { $0.string?.lowercased() } ?? []
        (changes.set, changes.add) = (fields("set"), fields("add"))
        return changes
    }

    private static func status(_ json: JSON?) -> UInt16? { json?.int.flatMap { UInt16(exactly: $0) } }

    /// `{ "value": 12.5 }`; all when absent.
    private static func percentage(_ json: JSON?) -> Percentage {
        guard let value = json?["value"]?.double else { return .all }
        return Percentage(millionths: Int((value * 10_000).rounded()))
    }

    /// `2s`, `250ms`; zero when absent.
    private static func duration(_ json: JSON?) throws(MeshError) -> Duration {
        guard let text = json?.string else { return .zero }
        guard let duration = Duration(goText: text) else { throw StaticConfiguration.wrong("duration", text) }
        return duration
    }
}

/// Reads the conditions of a ``StaticRoute``.
enum StaticMatch {
    static func read(_ json: JSON) throws(MeshError) -> HTTPMatch {
        var match = HTTPMatch()
        match.path = try json["uri"].map(text)
        match.ignoresPathCase = json["ignoreUriCase"]?.bool ?? false
        match.scheme = try json["scheme"].map(text)
        match.method = try json["method"].map(text)
        match.authority = try json["authority"].map(text)
        match.headers = try values(json["headers"]) + values(json["withoutHeaders"], isInverted: true)
        match.parameters = try values(json["queryParams"])
        return match
    }

    private static func values(_ json: JSON?, isInverted: Bool = false) throws(MeshError) -> [HTTPMatch.Value] {
        var values: [HTTPMatch.Value] = []
        for (name, value) in (json?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            let text = value.object?.isEmpty == true ? nil : try text(value)
            values.append(HTTPMatch.Value(name, text, isInverted: isInverted))
        }
        return values
    }

    static func text(_ json: JSON) throws(MeshError) -> TextMatch {
        if let text = json["exact"]?.string { return .exact(text) }
        if let text = json["prefix"]?.string { return .prefix(text) }
        if let text = json["regex"]?.string { return .expression(text) }
        throw StaticConfiguration.wrong("match", "\(json)")
    }
}
