internal import Kubernetes
internal import MeshAPI

/// The Gateways of one proxy and what is bound to them: decides its listeners, and their routes one by one.
///
/// Making it costs in proportion to all servers; each question after that, to its answer. It holds for as long as
/// ``isAffected(by:)`` says so, and its questions are asked about the model of that time.
public struct GatewayView: Sendable {
    let client: Client
    private let merged: MergedGateways
    /// What VirtualServices are bound to each Gateway, by their hosts.
    private let bound: [String: BoundRoutes]
    /// Ports below 1024 cannot be opened.
    private let isUnprivileged: Bool
    private let topology: GatewayTopology

    init(model: MeshModel, workload: Workload, servers: [GatewayServer]) {
        client = Client(workload)
        isUnprivileged = workload.isUnprivileged
        topology = model.config.gatewayTopology.overridden(
            by: workload.metadata.annotations[GatewayTopology.annotation]
        )
        merged = MergedGateways(servers, defaults: model.config.tlsDefaults)
        var bound: [String: BoundRoutes] = [:]
        for gateway in Set(servers.map(\.gateway)) {
            bound[gateway.description] = BoundRoutes(
                model.virtualServices(boundTo: gateway.description, visibleIn: workload.namespace)
            )
        }
        self.bound = bound
    }

    /// Whether after a change it may be another one.
    public func isAffected(by impact: Impact) -> Bool {
        impact.everything || impact.servers || impact.inboundNamespaces.contains(client.namespace)
            || impact.gateways.contains { bound[$0] != nil }
    }

    /// Whether after a change that leaves this as it is, its decision may be another one.
    public func isDecisionAffected(by impact: Impact) -> Bool {
        guard merged.passesMeshTLS else { return false }
        return !impact.hosts.isEmpty || !impact.hostPatterns.isEmpty
    }

    /// Names of all routes.
    public var routeNames: [String] { merged.servers.keys.sorted() }

    /// What it listens on.
    public func decision(in model: MeshModel) -> GatewayDecision {
        var decision = GatewayDecision()
        decision.conflicts = merged.conflicts
        decision.topology = topology
        for listener in merged.listeners {
            if isUnprivileged, (1..<1024).contains(listener.address.port) {
                let reason = "port \(listener.address.port) cannot be opened by a pod without privileges"
                decision.conflicts += (listener.plaintext + listener.tls).map { GatewayConflict($0, reason) }
                continue
            }
            let chains = chains(of: listener, in: model, &decision.conflicts)
            guard !chains.isEmpty else { continue }
            decision.listeners.append(GatewayDecision.Listener(address: listener.address, chains: chains))
        }
        return decision
    }

    private func chains(
        of listener: MergedGateways.Listener,
        in model: MeshModel,
        _ conflicts: inout [GatewayConflict]
    ) -> [GatewayDecision.Chain] {
        var chains: [GatewayDecision.Chain] = []
        // Server names that some chain has already; those of servers that end TLS come first.
        var taken: [String: Owner] = [:]
        for server in listener.tls where !(server.server.tls?.passesTLS ?? true) {
            for name in server.names { taken[name] = Owner(description: server.description) }
        }
        for server in listener.tls {
            if let tls = GatewayTLS(server, defaults: model.config.tlsDefaults) {
                if let chain = chain(of: server, tls, in: model, &conflicts) { chains.append(chain) }
            } else if server.server.tls?.mode == .autoPassthrough {
                chains += meshChains(of: server, in: model)
            } else {
                chains += passthroughChains(of: server, in: model, &taken, &conflicts)
            }
        }
        if let first = listener.plaintext.first {
            if first.isHTTP {
                var chain = GatewayDecision.Chain(.plaintext, .http(routes: first.routeName), of: first)
                chain.translatesGRPCWeb = listener.plaintext.contains { $0.spoken == .grpcWeb }
                chains.append(chain)
            } else if let chain = bytesChain(.plaintext, of: first, in: model, &conflicts) {
                chains.append(chain)
            }
        }
        return chains
    }

    /// A server that ends TLS.
    private func chain(
        of server: GatewayServer,
        _ tls: GatewayTLS,
        in model: MeshModel,
        _ conflicts: inout [GatewayConflict]
    ) -> GatewayDecision.Chain? {
        guard server.answersRequests else {
            var chain = bytesChain(.terminate(tls), of: server, in: model, &conflicts)
            chain?.serverNames = server.serverNames
            return chain
        }
        var chain = GatewayDecision.Chain(.terminate(tls), .http(routes: server.routeName), of: server)
        chain.serverNames = server.serverNames
        return chain
    }

    /// Bytes go where the first `tcp` route says that holds; nil when there is none.
    private func bytesChain(
        _ transport: GatewayDecision.Chain.Transport,
        of server: GatewayServer,
        in model: MeshModel,
        _ conflicts: inout [GatewayConflict]
    ) -> GatewayDecision.Chain? {
        for virtualService in virtualServices(overlapping: server) {
            let routes = model.tcpRoutes(
                of: virtualService,
                for: client,
                at: server.gateway.description,
                port: server.number
            )
            guard let route = routes.first else { continue }
            var chain = GatewayDecision.Chain(transport, .bytes(route.destinations), of: server)
            chain.route = route.origin
            return chain
        }
        conflicts.append(
            GatewayConflict(
                server,
                "no VirtualService with a tcp route for its hosts is bound to it, so nothing listens"
            )
        )
        return nil
    }

    /// Those bound to the server's Gateway with a host that the server has too, in the order in which they count.
    func virtualServices(overlapping server: GatewayServer) -> [ResolvedVirtualService] {
        bound[server.gateway.description]?.overlapping(server).map(\.virtualService) ?? []
    }

    /// Who has a server name.
    private struct Owner: Equatable {
        let description: String
        /// The way there, of a route.
        var destinations: [SharedDestination] = []
    }

    /// TLS goes on as it is, to where the `tls` routes say.
    private func passthroughChains(
        of server: GatewayServer,
        in model: MeshModel,
        _ taken: inout [String: Owner],
        _ conflicts: inout [GatewayConflict]
    ) -> [GatewayDecision.Chain] {
        var chains: [GatewayDecision.Chain] = []
        var isRouted = false
        for virtualService in virtualServices(overlapping: server) {
            let patterns = server.hosts(for: virtualService.metadata.namespace)
            let isCovered = virtualService.hosts.contains { host in patterns.contains { HostName.covers($0, host) } }
            guard isCovered else { continue }
            let routes = model.tlsRoutes(
                of: virtualService,
                for: client,
                at: server.gateway.description,
                port: server.number
            )
            for route in routes {
                let owner = Owner(description: route.origin.description, destinations: route.destinations)
                let names = route.serverNames.filter { taken[$0] == nil }
                for name in route.serverNames {
                    guard let other = taken[name] else { continue }
                    // Through another server of the Gateway, which a VirtualService is for as a whole, it has come already.
                    if other == owner {
                        isRouted = true
                    } else {
                        conflicts.append(
                            GatewayConflict(
                                server,
                                "\(route.origin): server name \(name) is already that of \(other.description)"
                            )
                        )
                    }
                }
                guard !names.isEmpty else { continue }
                for name in names { taken[name] = owner }
                var chain = GatewayDecision.Chain(.passthrough, .bytes(route.destinations), of: server)
                chain.serverNames = names.contains("*") ? [] : names
                chain.route = route.origin
                chains.append(chain)
            }
        }
        if chains.isEmpty, !isRouted {
            conflicts.append(
                GatewayConflict(
                    server,
                    "no VirtualService with a tls route for its hosts is bound to it, so every connection is reset"
                )
            )
        }
        return chains
    }

    /// TLS of the mesh goes on as it is, to the service's port and subset that its server name says.
    private func meshChains(of server: GatewayServer, in model: MeshModel) -> [GatewayDecision.Chain] {
        let patterns = server.names
        var chains: [GatewayDecision.Chain] = []
        for service in model.services.values.sorted(by: { $0.host < $1.host }) where !service.isExternal {
            guard patterns.contains(where: { HostName.covers($0, service.host) }), model.sees(client, service) else {
                continue
            }
            let subsets = model.rule(for: client, to: service)?.subsets.map(\.name) ?? []
            for port in service.ports where port.spoken != .udp {
                for subset in [""] + subsets {
                    let name = DestinationName(host: service.host, port: port.number, subset: subset)
                    var chain = GatewayDecision.Chain(.passthrough, .mutualTLS(name), of: server)
                    chain.serverNames = [name.serverName]
                    chain.applicationProtocols = Self.mutualTLSProtocols
                    chains.append(chain)
                }
            }
        }
        return chains
    }

    /// What clients of the mesh offer.
    private static let mutualTLSProtocols = [
        "istio-peer-exchange", "istio", "istio-http/1.0", "istio-http/1.1", "istio-h2",
    ]

    /// The routes of that name; nil when no server has it.
    public func routes(_ name: String, in model: MeshModel) -> GatewayRoutes? {
        guard let servers = merged.servers[name], let first = servers.first else { return nil }
        var routes = GatewayRoutes(name: name, port: first.number, servers: servers)
        routes.serverHosts = Set(servers.flatMap(\.names)).sorted()
        var hosts = VirtualHosts()
        for server in servers { add(server, in: model, to: &hosts) }
        routes.virtualHosts = hosts.sorted
        return routes
    }

    private func add(_ server: GatewayServer, in model: MeshModel, to hosts: inout VirtualHosts) {
        for (virtualService, domains) in bound[server.gateway.description]?.overlapping(server) ?? [] {
            let routes = model.httpRoutes(
                of: virtualService,
                for: client,
                at: server.gateway.description,
                port: server.number
            )
            for domain in domains {
                hosts.append(routes, of: virtualService, server, to: domain)
                if server.redirectsToHTTPS { hosts.redirect(domain) }
            }
        }
        // A redirect needs no VirtualService.
        if server.redirectsToHTTPS { for domain in server.names { hosts.redirect(domain) } }
    }
}
