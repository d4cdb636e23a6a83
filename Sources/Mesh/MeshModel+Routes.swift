internal import MeshAPI

// What addresses and hosts mean to a client.

/// What an intercepted connection to an address means.
public struct AddressDecision: Hashable, Sendable {
    /// Where bytes go that are not routed as HTTP.
    public enum Target: Hashable, Sendable {
        case destination(DestinationName)
        /// To the address itself, as they are (Istio's `PassthroughCluster`).
        case passthrough
        /// Nowhere: the connection is closed (`BlackHoleCluster`).
        case blackHole
    }

    public enum Route: Hashable, Sendable {
        /// Requests go where their Host header says, among the hosts of this port.
        case http(port: Int)
        /// HTTP as above, and anything else to `other`.
        case auto(port: Int, other: Target)
        case bytes(Target)
    }

    public var route: Route
    /// TLS with one of these server names goes elsewhere (VirtualService `tls`); the first that matches decides.
    public var serverNames: [TLSRouteDecision] = []
    /// Where bytes go instead of the target in ``route`` (VirtualService `tcp`).
    public var shared: TCPRouteDecision?
    /// Whether an HTTP request for an unknown host goes to the address itself, or gets 502.
    public var allowsUnknownHosts: Bool
    public var reason: String
    /// The host of the service that has the address; nil when none has.
    public var host: String?
}

/// What an HTTP request for a host means.
public struct HostDecision: Hashable, Sendable {
    /// The service that the host names; nil when the client sees none with this port.
    public var destination: DestinationName?
    /// What is done with requests instead, never empty: the first that matches decides, none means 404.
    ///
    /// nil when no VirtualService is for the host, and they go to ``destination``.
    public var routes: [HTTPRouteDecision]?
    /// The object that ``routes`` are of.
    public var virtualService: ObjectReference?
    /// When requests to ``destination`` are tried again.
    public var retries: RetryDecision
    public var reason: String
}

extension MeshModel {
    /// What a connection by `client` to an original destination means.
    public func route(for client: Client, to address: String, port number: Int) -> AddressDecision {
        let policy = outboundTrafficPolicy(for: client)
        let allowsUnknown = policy != .registryOnly
        func decision(_ route: AddressDecision.Route, _ reason: String) -> AddressDecision {
            AddressDecision(route: route, allowsUnknownHosts: allowsUnknown, reason: reason)
        }
        if number == config.proxyListenPort || number == config.proxyInboundListenPort {
            return decision(.bytes(.blackHole), "the proxy's own port \(number)")
        }
        let proxy = sidecar(for: client).flatMap { egressProxy(of: $0) }
        let unknown =
            allowsUnknown ? proxy.map(AddressDecision.Target.destination) ?? .passthrough : .blackHole
        if let listener = egressListener(for: client, at: address, port: number) {
            return decision(route(of: listener, for: client, unknown), "Sidecar listener \(address):\(number)")
        }
        let hosts =
            (hostsByAddress[address] ?? []).sorted() + (headlessHostsByAddress[address]?.keys.sorted() ?? [])
        // An entry for TCP without addresses can be told only by its port, and has all of that.
        for host in hosts + (hostsByCapturedPort[number] ?? []).sorted(by: { precedes($0, $1) }) {
            guard let route = route(for: client, toPort: number, ofHost: host) else { continue }
            var result = decision(route, host)
            result.host = host
            applyVirtualServices(of: host, for: client, to: address, port: number, unknown: unknown, &result)
            return result
        }
        let isHTTPPort = httpPortCounts[number] != nil || hasHTTPListener(client, port: number)
        var result = decision(
            isHTTPPort ? .auto(port: number, other: unknown) : .bytes(unknown),
            "unknown address (outboundTrafficPolicy \(policy.rawValue))"
        )
        result.serverNames = serverNames(for: client, to: address, port: number)
        return result
    }

    /// What a connection to a listener of the client's own Sidecar means: bytes go to the oldest service of the port.
    private func route(
        of listener: Sidecar.Egress,
        for client: Client,
        _ unknown: AddressDecision.Target
    ) -> AddressDecision.Route {
        let number = listener.port?.number ?? 0
        let spoken = PortProtocol(named: listener.port?.protocolName ?? "")
        if spoken.isHTTP { return .http(port: number) }
        let service = services.values
            .filter { $0.port(number).map { $0.spoken != .udp } ?? false && sees(client, $0, port: number) }
            .min { $0.precedes($1) }
        let target = service.map {
            AddressDecision.Target.destination(DestinationName(host: $0.host, port: number))
        }
        return spoken == .auto ? .auto(port: number, other: target ?? unknown) : .bytes(target ?? unknown)
    }

    private func precedes(_ left: String, _ right: String) -> Bool {
        guard let left = services[left], let right = services[right] else { return left < right }
        return left.metadata.precedes(right.metadata)
    }

    private func route(for client: Client, toPort number: Int, ofHost host: String) -> AddressDecision.Route? {
        guard let service = services[host], let port = service.port(number), port.spoken != .udp,
            sees(client, service, port: number)
        else { return nil }
        let destination = AddressDecision.Target.destination(DestinationName(host: host, port: number))
        switch port.spoken.application {
        case .http, .http2: return .http(port: number)
        case .auto: return .auto(port: number, other: destination)
        case .tcp: return .bytes(destination)
        }
    }

    /// What a request by `client` for `authority` on a port's listener means.
    ///
    /// - Parameter authority: The Host header without port: a service's name as DNS in the client's namespace would know it,
    ///   or its virtual address.
    public func route(for client: Client, toHost authority: String, port number: Int) -> HostDecision {
        var authority = authority.lowercased()
        if authority.hasSuffix(".") { authority.removeLast() }
        let service = candidates(authority, client).lazy.compactMap { httpService($0, for: client, port: number) }.first
        var decision = HostDecision(
            destination: service.map { DestinationName(host: $0.host, port: number) },
            retries: RetryDecision(config.defaultHTTPRetryPolicy),
            reason: service?.host ?? "no service known here as \(authority) has HTTP port \(number)"
        )
        applyVirtualServices(to: authority, service, for: client, port: number, &decision)
        if decision.destination == nil, decision.routes == nil, outboundTrafficPolicy(for: client) == .allowAny,
            let sidecar = sidecar(for: client), let proxy = egressProxy(of: sidecar)
        {
            decision.destination = proxy
            decision.reason += "; goes to the egress proxy of Sidecar \(sidecar.metadata.key)"
        }
        return decision
    }

    /// The service with this host if the client sees it and it has HTTP on the port, declared or not.
    func httpService(_ host: String, for client: Client, port number: Int) -> Service? {
        guard let service = services[host], let port = service.port(number), port.spoken.application.routesHTTP,
            sees(client, service, port: number)
        else { return nil }
        return service
    }

    /// The hosts that an authority may mean, the likeliest first.
    private func candidates(_ authority: String, _ client: Client) -> [String] {
        if let hosts = hostsByAddress[authority] { return hosts.sorted() }
        var candidates = [authority]
        let labels = authority.split(separator: ".", omittingEmptySubsequences: false)
        switch labels.count {
        case 1: candidates.append(host(ofService: authority, in: client.namespace))
        case 2: candidates.append(host(ofService: String(labels[0]), in: String(labels[1])))
        case 3 where labels[2] == "svc": candidates.append("\(authority).\(clusterDomain)")
        default: break
        }
        candidates += headlessHost(labels)
        return candidates + wildcardHosts(labels)
    }

    /// A pod of a headless service: `web-0.web.foo`, with or without `.svc` and the cluster's domain.
    private func headlessHost(_ labels: [Substring]) -> [String] {
        guard labels.count >= 3 else { return [] }
        let rest = labels.dropFirst().joined(separator: ".")
        let name =
            rest.hasSuffix(".svc.\(clusterDomain)")
            ? rest
            : rest.hasSuffix(".svc") ? "\(rest).\(clusterDomain)" : "\(rest).svc.\(clusterDomain)"
        return services[name]?.resolution == .originalDestination ? [name] : []
    }

    /// Hosts of ServiceEntries such as `*.example.com`, the longest first.
    private func wildcardHosts(_ labels: [Substring]) -> [String] {
        guard !hostsByEntry.isEmpty else { return [] }
        return (1...max(1, labels.count - 1)).map { "*." + labels.dropFirst($0).joined(separator: ".") }
    }
}
