extension Resource {
    /// What a client needs as well to make use of this.
    public var references: [ResourceName] {
        switch self {
        case .address(let route): route.references
        case .host(.destination(let destination, _)): [.destination(destination)]
        case .host(.routes(let routes)): routes.flatMap(\.references)
        case .destination(let destination): destination.tls?.references ?? []
        case .gateway(let gateway): gateway.listeners.flatMap { $0.chains.flatMap(\.references) }
        case .routes(let table): table.virtualHosts.flatMap { $0.routes.flatMap(\.references) }
        case .mesh, .inbound, .trust, .host(.unknown), .credential: []
        }
    }
}

extension AddressRoute {
    fileprivate var references: [ResourceName] {
        switch self {
        case .tcp(let destinations): destinations.map { .destination($0.name) }
        case .auto(_, let table), .tls(let table):
            (table.routes.flatMap(\.destinations) + table.other).map(\.name)
                .filter { $0 != "PassthroughCluster" && $0 != "BlackHoleCluster" }.map { .destination($0) }
        case .http, .passthrough, .blackHole: []
        }
    }
}

extension HTTPRoute {
    fileprivate var references: [ResourceName] {
        guard case .forward(let forwarding) = action else { return [] }
        return (forwarding.destinations.map(\.name) + forwarding.mirrors.map(\.destination)).map { .destination($0) }
    }
}

extension ClientTLS {
    fileprivate var references: [ResourceName] {
        var names: [ResourceName] = []
        if case .secret(let name) = credential { names.append(.credential(name)) }
        if !rootsSecret.isEmpty { names.append(.credential(rootsSecret)) }
        return names
    }
}

extension GatewayListener.Chain {
    fileprivate var references: [ResourceName] {
        var names: [ResourceName] =
            switch content {
            case .http(let routes): [.routes(routes)]
            case .bytes(let destinations): destinations.map { .destination($0.name) }
            }
        guard case .terminate(let tls) = transport else { return names }
        if case .credentials(let credentials) = tls.certificates { names += credentials.map { .credential($0) } }
        if case .credential(let credential) = tls.roots { names.append(.credential(credential)) }
        return names
    }
}
