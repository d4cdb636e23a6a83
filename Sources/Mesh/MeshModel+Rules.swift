public import MeshAPI

// Which DestinationRule a client uses for a host, and what of it holds for a port and a subset.
extension MeshModel {
    /// The rule that decides how `client` talks to `service`: that of the client's namespace, else of the service's, else of
    /// the root namespace (Istio's `PushContext.destinationRule`).
    public func rule(for client: Client, to service: Service) -> MergedRule? {
        let root = config.rootNamespace
        let own = rules[client.namespace]?.entries(for: service.host) ?? []
        // In the root namespace only private rules are the client's own; the others come last.
        let candidates = client.namespace == root ? own.filter { $0.exportTo == [root] } : own
        if let rule = Self.choose(candidates, for: client) { return rule }
        for namespace in [service.namespace, root] where namespace != client.namespace || namespace == root {
            let visible = (rules[namespace]?.entries(for: service.host) ?? []).filter {
                $0.isVisible(to: client.namespace)
            }
            if let rule = Self.choose(visible, for: client) { return rule }
        }
        return nil
    }

    /// A rule for the client's labels is preferred to one for all.
    private static func choose(_ rules: [MergedRule], for client: Client) -> MergedRule? {
        let selective = rules.first { rule in
            guard let selector = rule.workloadSelector else { return false }
            return rule.namespace == client.namespace && selector.matches(client.labels)
        }
        return selective ?? rules.first { $0.workloadSelector == nil }
    }
}

extension MergedRule {
    /// What holds for a Service's port and a subset; a port level replaces everything that stands above it.
    public func settings(port: Int, subset name: String) -> TrafficPolicy.Settings {
        var settings = trafficPolicy?.settings ?? TrafficPolicy.Settings()
        if let portLevel = trafficPolicy?.settings(forPort: port) { settings = portLevel }
        guard !name.isEmpty, let policy = subset(name)?.trafficPolicy else { return settings }
        return policy.settings(forPort: port) ?? policy.settings.over(settings)
    }

    /// How endpoints of a subset are told who the client is; port levels have nothing to say about it.
    func proxyProtocol(subset name: String) -> ProxyProtocolVersion? {
        let own = name.isEmpty ? nil : subset(name)?.trafficPolicy?.proxyProtocol
        return own ?? trafficPolicy?.proxyProtocol
    }

    /// The TLS mode that an endpoint is held against (Istio's `mtls_checker.go`): unlike ``settings(port:subset:)``, a port
    /// level without `tls` leaves the mode that stands above it.
    func endpointMode(port: Int, subset name: String) -> ClientTLSSettings.Mode? {
        if !name.isEmpty, let mode = subset(name)?.trafficPolicy.flatMap({ Self.mode($0, port) }) { return mode }
        return trafficPolicy.flatMap { Self.mode($0, port) }
    }

    private static func mode(_ policy: TrafficPolicy, _ port: Int) -> ClientTLSSettings.Mode? {
        policy.settings(forPort: port)?.tls?.mode ?? policy.settings.tls?.mode
    }
}
