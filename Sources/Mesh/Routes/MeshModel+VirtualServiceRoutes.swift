internal import Base
internal import Kubernetes
public import MeshAPI

// What of a VirtualService's routes holds for one proxy: conditions that do not depend on the request are decided here.
extension MeshModel {
    /// The VirtualServices that are bound to `gateway` and seen in `namespace`, the one that counts first at the front.
    ///
    /// First come those private to the namespace, then those exported to it by name, then public ones; of these the older
    /// (Istio's `VirtualServicesForGateway`). Delegates are merged into those that delegate.
    /// - Parameters:
    ///   - gateway: `namespace/name`, or ``VirtualService/mesh``.
    ///   - namespace: The proxy's, be it a sidecar's or a gateway's.
    public func virtualServices(boundTo gateway: String, visibleIn namespace: String) -> [ResolvedVirtualService] {
        virtualServices.bound(to: gateway, visibleIn: namespace, default: config.defaultVirtualServiceExportTo)
    }

    /// The `http` routes that hold for a proxy, in their order; the first whose matches the request meets decides.
    ///
    /// - Parameters:
    ///   - gateway: `namespace/name` of the Gateway whose server was asked, or ``VirtualService/mesh`` for a sidecar.
    ///   - port: The service's port, or the number of the Gateway's server.
    public func httpRoutes(
        of virtualService: ResolvedVirtualService,
        for client: Client,
        at gateway: String = VirtualService.mesh,
        port: Int
    ) -> [HTTPRouteDecision] {
        var decisions: [HTTPRouteDecision] = []
        for route in virtualService.http {
            let matches = route.match.filter { match in
                // No token is verified here, so that nobody can have made the claim.
                guard match.port == nil || match.port == port, !match.asksForClaims else { return false }
                return Self.isForSource(match.gateways, match.sourceLabels, match.sourceNamespace, client, gateway)
            }
            if !route.match.isEmpty, matches.isEmpty { continue }
            let catchesAll = matches.isEmpty || matches.contains(where: \.matchesEveryRequest)
            guard let action = action(of: route, port: port) else { continue }
            decisions.append(
                HTTPRouteDecision(
                    name: route.name,
                    matches: matches,
                    action: action,
                    headers: route.headers,
                    cors: route.corsPolicy,
                    fault: route.fault,
                    origin: route.delegated.map { ObjectReference("VirtualService", $0) } ?? virtualService.reference
                )
            )
            if catchesAll { break }
        }
        return decisions
    }

    /// The `tls` routes that hold for a proxy, in their order.
    ///
    /// - Parameter address: The original destination of a sidecar's client; nil leaves `destinationSubnets` out, as gateways do.
    public func tlsRoutes(
        of virtualService: ResolvedVirtualService,
        for client: Client,
        at gateway: String = VirtualService.mesh,
        port: Int,
        address: String? = nil
    ) -> [TLSRouteDecision] {
        virtualService.tls.compactMap { route in
            let names = route.match
                .filter { Self.holds($0.connection, for: client, at: gateway, port: port, address: address) }
                .flatMap(\.sniHosts)
            let destinations = destinations(route.route, port: port)
            guard !names.isEmpty, !destinations.isEmpty else { return nil }
            var seen: Set<String> = []
            return TLSRouteDecision(
                serverNames: names.filter { seen.insert($0).inserted },
                destinations: destinations,
                origin: virtualService.reference
            )
        }
    }

    /// The `tcp` routes that hold for a proxy, in their order; the first decides.
    public func tcpRoutes(
        of virtualService: ResolvedVirtualService,
        for client: Client,
        at gateway: String = VirtualService.mesh,
        port: Int,
        address: String? = nil
    ) -> [TCPRouteDecision] {
        virtualService.tcp.compactMap { route in
            let holds =
                route.match.isEmpty
                || route.match.contains {
                    Self.holds($0, for: client, at: gateway, port: port, address: address)
                }
            let destinations = destinations(route.route, port: port)
            guard holds, !destinations.isEmpty else { return nil }
            return TCPRouteDecision(destinations: destinations, origin: virtualService.reference)
        }
    }

    /// Gateways of a match replace those of the object; whose requests they are counts for sidecars only then.
    private static func isForSource(
        _ gateways: [String],
        _ labels: [String: String],
        _ namespace: String,
        _ client: Client,
        _ gateway: String
    ) -> Bool {
        if !gateways.isEmpty {
            guard gateways.contains(gateway) else { return false }
            if gateway != VirtualService.mesh { return true }
        }
        guard namespace.isEmpty || namespace == client.namespace else { return false }
        return labels.allSatisfy { client.labels[$0] == $1 }
    }

    private static func holds(
        _ match: VirtualService.ConnectionMatch,
        for client: Client,
        at gateway: String,
        port: Int,
        address: String?
    ) -> Bool {
        guard match.port == nil || match.port == port else { return false }
        if gateway != VirtualService.mesh { return match.gateways.isEmpty || match.gateways.contains(gateway) }
        guard isForSource(match.gateways, match.sourceLabels, match.sourceNamespace, client, gateway) else {
            return false
        }
        guard let address, !match.destinationSubnets.isEmpty else { return true }
        guard let address = IPAddress(address) else { return false }
        return match.destinationSubnets.contains { IPNetwork($0)?.contains(address) ?? false }
    }

    private func action(of route: VirtualService.HTTPRoute, port: Int) -> HTTPRouteDecision.Action? {
        if let redirect = route.redirect {
            guard [0, 301, 302, 303, 307, 308].contains(redirect.redirectCode) else { return nil }
            return .redirect(redirect)
        }
        if let response = route.directResponse { return .respond(response) }
        let destinations = destinations(route.route, port: port)
        guard !destinations.isEmpty else { return nil }
        return .forward(
            HTTPRouteDecision.Forwarding(
                destinations: destinations,
                rewrite: route.rewrite,
                timeout: route.timeout ?? .zero,
                retries: RetryDecision(route.retries ?? config.defaultHTTPRetryPolicy),
                mirrors: mirrors(of: route, port: port)
            )
        )
    }

    private func mirrors(of route: VirtualService.HTTPRoute, port: Int) -> [HTTPRouteDecision.Mirror] {
        var mirrors: [HTTPRouteDecision.Mirror] = []
        if let name = route.mirror.flatMap({ name(of: $0, port: port) }) {
            let percentage = route.mirrorPercentage ?? route.mirrorPercent.map(Double.init) ?? 100
            mirrors.append(HTTPRouteDecision.Mirror(destination: name, percentage: percentage))
        }
        for mirror in route.mirrors {
            guard let name = mirror.destination.flatMap({ name(of: $0, port: port) }) else { continue }
            mirrors.append(HTTPRouteDecision.Mirror(destination: name, percentage: mirror.percentage ?? 100))
        }
        return mirrors.filter { $0.percentage > 0 }
    }

    /// The destinations that get a share: a single one all of it, of several those with a weight.
    private func destinations(_ route: [VirtualService.RouteDestination], port: Int) -> [SharedDestination] {
        route.compactMap { entry in
            let weight = route.count == 1 ? 1 : entry.weight
            guard weight > 0, let name = entry.destination.flatMap({ name(of: $0, port: port) }) else { return nil }
            return SharedDestination(name: name, weight: weight, headers: entry.headers)
        }
    }

    /// Without a port, the only one that the service has, or else the one that was asked.
    private func name(of destination: VirtualService.Destination, port: Int) -> DestinationName? {
        guard !destination.host.isEmpty else { return nil }
        let ports = services[destination.host]?.ports ?? []
        let number = destination.port ?? (ports.count == 1 ? ports[0].number : port)
        guard (1...65535).contains(number) else { return nil }
        return DestinationName(host: destination.host, port: number, subset: destination.subset)
    }
}

extension VirtualService.HTTPMatch {
    /// Whether it sets no condition on the request itself.
    var matchesEveryRequest: Bool {
        let texts = [uri, scheme, method, authority].compactMap(\.self).filter { $0 != .present }
        // Any path begins with `/`; an expression for anything is none.
        let isTrivial = texts.allSatisfy { $0 == uri && [.prefix("/"), .regex(".*")].contains($0) }
        return isTrivial && headers.isEmpty && withoutHeaders.isEmpty && queryParams.isEmpty
    }
}
