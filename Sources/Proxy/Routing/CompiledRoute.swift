internal import Base
internal import Discovery
internal import HTTP

/// An ``HTTPRoute`` made ready to serve requests; shared by all workers.
final class CompiledRoute: Sendable {
    enum Action: Sendable {
        case forward(ForwardingPlan)
        case redirect(HTTPRedirect)
        case respond(DirectResponse)
    }

    let route: HTTPRoute
    let action: Action
    let requestHeaders: HeaderEdits
    let responseHeaders: HeaderEdits
    let cors: CORSRules?
    /// Nil for none.
    let fault: FaultInjection?
    /// Any of them; empty for every request.
    private let conditions: [RequestConditions]

    var name: String { route.name }

    /// - Throws: ``MeshError`` that names the route and what of it cannot be used.
    init(_ route: HTTPRoute) throws(MeshError) {
        self.route = route
        do {
            var conditions: [RequestConditions] = []
            for match in route.matches { conditions.append(try RequestConditions(match)) }
            self.conditions = conditions
            action =
                switch route.action {
                case .forward(let forwarding): .forward(try ForwardingPlan(forwarding))
                case .redirect(let redirect): .redirect(try RequestTarget.checked(redirect))
                case .respond(let response): .respond(response)
                }
            requestHeaders = try HeaderEdits(route.requestHeaders)
            responseHeaders = try HeaderEdits(route.responseHeaders)
            cors = if let policy = route.cors { try CORSRules(policy) } else { nil }
            fault = route.fault.isEmpty ? nil : route.fault
        } catch {
            let place = route.origin.isEmpty ? "route \(route.name)" : "\(route.origin), route \(route.name)"
            throw MeshError(.invalidConfiguration, "\(place): \(error.message)")
        }
    }

    /// How many octets of the path matched; nil when the request is not this route's.
    func matchedPath(of head: HTTP1Head, pathCount: Int) -> Int? {
        if conditions.isEmpty { return min(1, pathCount) }
        for condition in conditions {
            if let matched = condition.matchedPath(of: head, pathCount: pathCount) { return matched }
        }
        return nil
    }
}

/// A request's route, and what of the request it matched.
struct RouteMatch {
    let route: CompiledRoute
    /// Octets of the path that a rewrite replaces.
    let matchedPath: Int
    /// The port that the request is taken to have come to: the listener's.
    let port: UInt16
}

/// Routes in their order.
final class CompiledRoutes: Sendable {
    let routes: [CompiledRoute]

    /// - Throws: ``MeshError`` that names the route that cannot be used.
    init(_ routes: [HTTPRoute]) throws(MeshError) {
        var compiled: [CompiledRoute] = []
        for route in routes { compiled.append(try CompiledRoute(route)) }
        self.routes = compiled
    }

    /// The first route that matches; nil when none does.
    func match(_ head: HTTP1Head, port: UInt16) -> RouteMatch? {
        let pathCount = head.pathCount
        for route in routes {
            if let matched = route.matchedPath(of: head, pathCount: pathCount) {
                return RouteMatch(route: route, matchedPath: matched, port: port)
            }
        }
        return nil
    }
}

extension HTTP1Head {
    /// Octets of the path before its query.
    var pathCount: Int { path.firstIndex(of: UInt8(ascii: "?")) ?? path.count }
}
