public import Mesh
internal import MeshAPI

/// Routes in words for people, a line for each.
public enum RouteText {
    private static let mostLines = 20

    /// What decides about requests for a service's port, and how; empty when they simply go to the service.
    ///
    /// `VirtualService foo/reviews`, and then lines such as `uri prefix /a -> reviews.foo.svc.cluster.local:9080 subset v2`.
    public static func lines(from client: Client, to service: Service, port: Int, in model: MeshModel) -> [String] {
        let lines = allLines(from: client, to: service, port: port, in: model)
        return lines.prefix(1) + limited(Array(lines.dropFirst()))
    }

    /// As ``lines(from:to:port:in:)``, however many there are.
    static func allLines(from client: Client, to service: Service, port: Int, in model: MeshModel) -> [String] {
        let host = model.route(for: client, toHost: service.host, port: port)
        if let routes = host.routes, let object = host.virtualService { return ["\(object)"] + routes.map(line) }
        guard let address = service.addresses.first else { return [] }
        let decision = model.route(for: client, to: address, port: port)
        guard let origin = decision.serverNames.first?.origin ?? decision.shared?.origin else { return [] }
        let named = decision.serverNames.map { route in
            "server name \(route.serverNames.joined(separator: ", ")) -> \(text(route.destinations))"
        }
        let others = decision.shared.map { ["everything else -> \(text($0.destinations))"] } ?? []
        return ["\(origin)"] + named + others
    }

    private static func limited(_ lines: [String]) -> [String] {
        lines.count > mostLines ? lines.prefix(mostLines) + ["and \(lines.count - mostLines) more"] : lines
    }

    static func line(_ route: HTTPRouteDecision) -> String {
        let conditions = route.matches.map(text).filter { !$0.isEmpty }
        let isForAll = conditions.isEmpty || conditions.count < route.matches.count
        let name = route.name.isEmpty ? "" : "\(route.name): "
        return name + (isForAll ? "every request" : conditions.joined(separator: " or ")) + " -> " + text(route.action)
    }

    private static func text(_ match: VirtualService.HTTPMatch) -> String {
        let own = [
            ("method", match.method), ("scheme", match.scheme), ("authority", match.authority), ("uri", match.uri),
        ]
        var parts = own.compactMap { name, match in match.map { "\(name) \(text($0))" } }
        func add(_ noun: String, _ matches: [String: StringMatch]) {
            for (name, match) in matches.sorted(by: { $0.key < $1.key }) {
                parts.append("\(noun) \(name) \(text(match))")
            }
        }
        add("header", match.headers)
        add("no header", match.withoutHeaders)
        add("parameter", match.queryParams)
        return parts.joined(separator: ", ")
    }

    private static func text(_ match: StringMatch) -> String {
        switch match {
        case .exact(let text): "= \(text)"
        case .prefix(let text): "prefix \(text)"
        case .regex(let expression): "~ \(expression)"
        case .present: "present"
        }
    }

    private static func text(_ action: HTTPRouteDecision.Action) -> String {
        switch action {
        case .forward(let forwarding): text(forwarding.destinations)
        case .redirect(let redirect):
            "redirect \(redirect.redirectCode == 0 ? 301 : redirect.redirectCode)"
                + [redirect.scheme, redirect.authority, redirect.uri + redirect.prefixRewrite].filter { !$0.isEmpty }
                .map { " \($0)" }.joined()
        case .respond(let response): "response \(response.status)"
        }
    }

    static func text(_ destinations: [SharedDestination]) -> String {
        let total = destinations.reduce(0) { $0 + $1.weight }
        return destinations.map { entry in
            let subset = entry.name.subset.isEmpty ? "" : " subset \(entry.name.subset)"
            // In tenths of a percent, without losing the last of many.
            let share = destinations.count == 1 ? "" : " \(Double(entry.weight * 1000 / total) / 10)%"
            return "\(entry.name.host):\(entry.name.port)\(subset)\(share)"
        }.joined(separator: ", ")
    }
}
