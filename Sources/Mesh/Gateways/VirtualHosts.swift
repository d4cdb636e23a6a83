internal import Kubernetes
internal import MeshAPI

/// The virtual hosts of a route table while it is put together.
struct VirtualHosts {
    private struct Source: Hashable {
        var virtualService: ObjectKey
        var gateway: ObjectKey
        var port: Int
        var domain: String
    }

    private var hosts: [String: GatewayRoutes.VirtualHost] = [:]
    private var sources: Set<Source> = []

    /// By domain, and in each what matches every request at the end, otherwise in the order added.
    var sorted: [GatewayRoutes.VirtualHost] {
        hosts.values.sorted { $0.domain < $1.domain }.map { host in
            var host = host
            let parts = host.routes.map(Self.split)
            host.routes = parts.compactMap(\.specific) + parts.compactMap(\.general)
            return host
        }
    }

    /// Adds the routes that a VirtualService has for one of its hosts; those that two servers of a Gateway have alike, once.
    mutating func append(
        _ routes: [HTTPRouteDecision],
        of virtualService: ResolvedVirtualService,
        _ server: GatewayServer,
        to domain: String
    ) {
        let source = Source(
            virtualService: virtualService.key,
            gateway: server.gateway,
            port: server.number,
            domain: domain
        )
        guard sources.insert(source).inserted else { return }
        hosts[domain, default: GatewayRoutes.VirtualHost(domain)].routes += routes
    }

    mutating func redirect(_ domain: String) {
        hosts[domain, default: GatewayRoutes.VirtualHost(domain)].redirectsToHTTPS = true
    }

    /// What of a route is for some requests, and what for all of them.
    private static func split(_ route: HTTPRouteDecision) -> (specific: HTTPRouteDecision?, general: HTTPRouteDecision?)
    {
        guard route.matches.contains(where: \.matchesEveryRequest) else {
            return route.matches.isEmpty ? (nil, route) : (route, nil)
        }
        var (specific, general) = (route, route)
        general.matches = []
        specific.matches = route.matches.filter { !$0.matchesEveryRequest }
        return (specific.matches.isEmpty ? nil : specific, general)
    }
}

/// The VirtualServices that are bound to one Gateway, found by their hosts.
struct BoundRoutes: Sendable {
    private let virtualServices: [ResolvedVirtualService]
    private var hosts = HostTable<Int>()

    init(_ virtualServices: [ResolvedVirtualService]) {
        self.virtualServices = virtualServices
        for (index, virtualService) in virtualServices.enumerated() {
            for host in Set(virtualService.hosts) { hosts.insert(host, index) }
        }
    }

    /// Those with hosts that the server has too, in the order in which they count, and the narrower name of each pair.
    func overlapping(_ server: GatewayServer) -> [(virtualService: ResolvedVirtualService, domains: [String])] {
        var found: [Int: Set<String>] = [:]
        for host in Set(server.hosts) {
            let slash = host.firstIndex(of: "/")
            let name = slash.map { String(host[host.index(after: $0)...]) } ?? host
            hosts.forEach(overlapping: name) { domain, index in
                if let slash, host[..<slash] != virtualServices[index].metadata.namespace { return }
                found[index, default: []].insert(domain)
            }
        }
        return found.keys.sorted().map { (virtualServices[$0], found[$0]?.sorted() ?? []) }
    }
}
