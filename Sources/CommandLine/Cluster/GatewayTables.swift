internal import Kubernetes
internal import Mesh
internal import MeshAPI

/// What a gateway listens on, in the columns of `istioctl proxy-config`.
enum GatewayTables {
    /// Rows of ADDRESSES, PORT, MATCH and DESTINATION.
    static func listeners(of workload: Workload, in model: MeshModel) -> [[String]] {
        model.gatewayView(of: workload).decision(in: model).listeners.flatMap { listener in
            listener.chains.map { chain in
                let match = chain.serverNames.isEmpty ? "ALL" : "SNI: \(chain.serverNames.joined(separator: ","))"
                return [listener.address.bind, String(listener.address.port), match, destination(of: chain)]
            }
        }
    }

    private static func destination(of chain: GatewayDecision.Chain) -> String {
        switch chain.content {
        case .http(let routes): "Route: \(routes)"
        case .bytes(let destinations):
            destinations.map { "Cluster: \($0.name)" }.joined(separator: ", ")
        case .mutualTLS(let name): "Cluster: \(name.serverName)"
        }
    }

    /// Rows of NAME, VHOST NAME, DOMAINS, MATCH and VIRTUAL SERVICE.
    static func routes(of workload: Workload, in model: MeshModel) -> [[String]] {
        let view = model.gatewayView(of: workload)
        return view.routeNames.compactMap { view.routes($0, in: model) }.flatMap { table -> [[String]] in
            let rows = table.virtualHosts.flatMap { self.rows(of: $0, in: table) }
            return rows.isEmpty ? [[table.name, "blackhole:\(table.port)", "*", "/*", "404"]] : rows
        }
    }

    private static func rows(of host: GatewayRoutes.VirtualHost, in table: GatewayRoutes) -> [[String]] {
        let name = "\(host.domain):\(table.port)"
        let routes = rows(of: host.routes).map { [table.name, name, host.domain] + $0 }
        return routes.isEmpty
            ? [[table.name, name, host.domain, "/*", host.redirectsToHTTPS ? "301 to https" : "404"]] : routes
    }

    /// MATCH and VIRTUAL SERVICE of each match; a VirtualService that others are delegated to stands for what it says.
    static func rows(of routes: [HTTPRouteDecision]) -> [[String]] {
        routes.flatMap { route in
            (route.matches.isEmpty ? ["/*"] : route.matches.map { text($0.uri) }).map {
                [$0, "\(route.origin.key.name).\(route.origin.key.namespace)"]
            }
        }
    }

    private static func text(_ match: StringMatch?) -> String {
        switch match {
        case .exact(let text): text
        case .prefix(let text): "\(text)*"
        case .regex(let expression): "regex \(expression)"
        case .present, nil: "/*"
        }
    }
}
