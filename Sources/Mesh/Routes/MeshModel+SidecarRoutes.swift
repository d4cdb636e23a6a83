internal import Base
internal import MeshAPI

// What VirtualServices that are bound to `mesh` change about the routes of sidecars.
extension MeshModel {
    /// The VirtualServices for a service's host, the one that counts first at the front: for the very host before those for
    /// the longest wildcard that matches it.
    ///
    /// - Parameter port: The port that is connected to; nil for any.
    public func virtualServices(
        for client: Client,
        toHost host: String,
        port: Int? = nil
    ) -> [ResolvedVirtualService] {
        let exact = meshVirtualServices(for: client, host, port)
        for wildcard in virtualServices.wildcards where wildcard != host && RuleIndex.matches(wildcard, host) {
            let found = meshVirtualServices(for: client, wildcard, port)
            if !found.isEmpty { return exact + found }
        }
        return exact
    }

    private func meshVirtualServices(for client: Client, _ host: String, _ port: Int?) -> [ResolvedVirtualService] {
        virtualServices.forHost(host, visibleIn: client.namespace, default: config.defaultVirtualServiceExportTo)
            .filter { sees(client, $0, port: port) }
    }

    // Requests

    /// Gives the host the routes of the first VirtualService that has any for it (several are not merged for sidecars).
    func applyVirtualServices(
        to authority: String,
        _ service: Service?,
        for client: Client,
        port: Int,
        _ decision: inout HostDecision
    ) {
        guard !virtualServices.isEmpty else { return }
        // The exact name comes before any wildcard, and what a VirtualService says of an address before its service.
        if let service, !service.host.hasPrefix("*"), service.host == authority || IPAddress(authority) == nil {
            apply(virtualServices(for: client, toHost: service.host, port: port), client, port, &decision)
            return
        }
        if apply(meshVirtualServices(for: client, authority, port), client, port, &decision) { return }
        let pattern = virtualServices.wildcards.first { wildcard in
            RuleIndex.matches(wildcard, authority) && isUnclaimed(wildcard, for: client, port: port)
        }
        if let pattern, pattern.utf8.count > service?.host.utf8.count ?? 0 || service?.host.hasPrefix("*") == false,
            apply(meshVirtualServices(for: client, pattern, port), client, port, &decision)
        {
            return
        }
        guard let service else { return }
        apply(virtualServices(for: client, toHost: service.host, port: port), client, port, &decision)
    }

    @discardableResult private func apply(
        _ objects: [ResolvedVirtualService],
        _ client: Client,
        _ port: Int,
        _ decision: inout HostDecision
    ) -> Bool {
        for object in objects {
            let routes = httpRoutes(of: object, for: client, port: port)
            if routes.isEmpty { continue }
            decision.routes = routes
            decision.virtualService = object.reference
            decision.reason = object.reference.description
            return true
        }
        return false
    }

    /// Whether a wildcard stands for itself: as soon as it covers services of the port, it is for these alone.
    private func isUnclaimed(_ wildcard: String, for client: Client, port: Int) -> Bool {
        guard !meshVirtualServices(for: client, wildcard, port).isEmpty else { return false }
        return !services.values.contains { service in
            RuleIndex.matches(wildcard, service.host) && httpService(service.host, for: client, port: port) != nil
        }
    }

    // Connections

    /// Gives bytes to a service's port the routes of VirtualServices for its host.
    ///
    /// - Parameter unknown: Where TLS goes whose server name no route has, once there are such routes.
    func applyVirtualServices(
        of host: String,
        for client: Client,
        to address: String,
        port number: Int,
        unknown: AddressDecision.Target,
        _ decision: inout AddressDecision
    ) {
        if case .http = decision.route { return }
        guard !virtualServices.isEmpty, let spoken = services[host]?.port(number)?.spoken else { return }
        let objects = virtualServices(for: client, toHost: host, port: number)
        decision.serverNames = objects.flatMap {
            tlsRoutes(of: $0, for: client, port: number, address: address)
        }
        guard !spoken.isTLS else {
            if !decision.serverNames.isEmpty { decision.route = .bytes(unknown) }
            return
        }
        decision.shared =
            objects.lazy
            .compactMap { tcpRoutes(of: $0, for: client, port: number, address: address).first }.first
    }

    /// What TLS to an unknown address means: hosts without an address are known by their server name.
    func serverNames(for client: Client, to address: String, port number: Int) -> [TLSRouteDecision] {
        (hostsByTLSPort[number] ?? []).sorted().flatMap { host -> [TLSRouteDecision] in
            guard let service = services[host], sees(client, service, port: number) else { return [] }
            let routes = virtualServices(for: client, toHost: host, port: number).flatMap {
                tlsRoutes(of: $0, for: client, port: number, address: address)
            }
            if !routes.isEmpty { return routes }
            let destination = SharedDestination(name: DestinationName(host: host, port: number))
            return [
                TLSRouteDecision(
                    serverNames: [host],
                    destinations: [destination],
                    origin: ObjectReference("ServiceEntry", service.metadata.key)
                )
            ]
        }
    }

    // Changes

    /// What may be decided otherwise when the object comes, changes or goes.
    func routeImpact(_ object: ResolvedVirtualService) -> Impact {
        var impact = Impact()
        impact.gateways = object.gateways.subtracting([VirtualService.mesh])
        guard object.gateways.contains(VirtualService.mesh) else { return impact }
        impact.routedHosts = Set(object.meshHosts)
        // Who sees a route may reach where it leads, also what its Sidecar does not ask for.
        if !sidecars.isEmpty { impact.hosts.formUnion(object.destinationHosts) }
        guard !object.tls.isEmpty || !object.tcp.isEmpty else { return impact }
        for host in impact.routedHosts {
            let affected =
                host.hasPrefix("*")
                ? services.values.filter { RuleIndex.matches(host, $0.host) } : services[host].map { [$0] } ?? []
            for service in affected {
                impact.addresses.formUnion(service.addresses)
                if service.resolution == .originalDestination, !service.isEntry {
                    impact.addresses.formUnion(endpoints(of: service).map(\.address))
                }
                if service.isEntry, service.addresses.isEmpty { impact.ports.formUnion(service.ports.map(\.number)) }
            }
        }
        return impact
    }
}
