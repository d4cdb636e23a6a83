public import Kubernetes
public import MeshAPI

/// A VirtualService as it counts: names are resolved, and routes that delegate are replaced by those of the delegates.
///
/// The hosts of its destinations are fully qualified and in lower case.
public struct ResolvedVirtualService: Hashable, Sendable {
    public let metadata: Metadata
    /// As written, in lower case: what gateways compare requests with.
    public let hosts: [String]
    /// ``hosts`` for sidecars: short names mean services of the object's namespace.
    public let meshHosts: [String]
    /// `mesh` and gateways, `namespace/name` each; never empty, but for a delegate.
    public let gateways: Set<String>
    public internal(set) var http: [VirtualService.HTTPRoute]
    public let tls: [VirtualService.TLSRoute]
    public let tcp: [VirtualService.TCPRoute]
    /// As written; empty means the mesh's default.
    let exportTo: [String]
    /// Whether others delegate to it, and it counts for nothing by itself.
    let isDelegate: Bool
    /// What of it is not in force, for people.
    public internal(set) var problems: [String] = []

    public var key: ObjectKey { metadata.key }
    public var reference: ObjectReference { ObjectReference("VirtualService", metadata.key) }

    init(_ object: VirtualService, clusterDomain: String) {
        let resolver = NameResolver(namespace: object.metadata.namespace, clusterDomain: clusterDomain)
        metadata = object.metadata
        hosts = object.hosts.map { $0.lowercased() }
        meshHosts = object.hosts.map(resolver.host)
        isDelegate = object.isDelegate
        gateways =
            object.gateways.isEmpty
            ? (isDelegate ? [] : [VirtualService.mesh]) : Set(resolver.gateways(object.gateways))
        http = object.http.map(resolver.resolve)
        tls = object.tls.map { route in
            var route = route
            route.route = route.route.map(resolver.resolve)
            for index in route.match.indices {
                route.match[index].sniHosts = route.match[index].sniHosts.map { $0.lowercased() }
                route.match[index].connection.gateways = resolver.gateways(route.match[index].connection.gateways)
            }
            return route
        }
        tcp = object.tcp.map { route in
            var route = route
            route.route = route.route.map(resolver.resolve)
            for index in route.match.indices {
                route.match[index].gateways = resolver.gateways(route.match[index].gateways)
            }
            return route
        }
        exportTo = object.exportTo
    }

    /// The hosts that requests and connections go to.
    var destinationHosts: Set<String> {
        let routes = http.map(\.route) + tls.map(\.route) + tcp.map(\.route)
        return Set(routes.joined().compactMap(\.destination?.host))
    }

    /// Who sees it of `namespace`: nil when nobody does, else the order in which competing objects count.
    func rank(in namespace: String, default defaultExportTo: [String]) -> Int? {
        let entries = exportTo.isEmpty ? defaultExportTo : exportTo
        if entries.contains("*") { return 2 }
        if metadata.namespace == namespace, entries.contains(".") || entries.contains(namespace) { return 0 }
        return entries.contains(namespace) ? 1 : nil
    }
}

/// Resolves the names that an object of one namespace uses.
private struct NameResolver {
    let namespace: String
    let clusterDomain: String

    func host(_ host: String) -> String {
        let host = host.lowercased()
        if host.isEmpty || host.contains(".") || host.contains(":") || host == "*" { return host }
        return "\(host).\(namespace).svc.\(clusterDomain)"
    }

    func gateways(_ names: [String]) -> [String] {
        names.map { name in
            VirtualService.gatewayKey(name, in: namespace).map { "\($0.namespace)/\($0.name)" } ?? VirtualService.mesh
        }
    }

    func resolve(_ destination: VirtualService.Destination) -> VirtualService.Destination {
        var destination = destination
        destination.host = host(destination.host)
        return destination
    }

    func resolve(_ destination: VirtualService.RouteDestination) -> VirtualService.RouteDestination {
        var result = destination
        result.destination = destination.destination.map(resolve)
        return result
    }

    func resolve(_ route: VirtualService.HTTPRoute) -> VirtualService.HTTPRoute {
        var route = route
        for index in route.match.indices { route.match[index].gateways = gateways(route.match[index].gateways) }
        route.route = route.route.map(resolve)
        route.mirror = route.mirror.map(resolve)
        for index in route.mirrors.indices {
            route.mirrors[index].destination = route.mirrors[index].destination.map(resolve)
        }
        return route
    }
}
