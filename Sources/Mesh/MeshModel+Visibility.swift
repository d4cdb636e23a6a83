internal import Kubernetes
internal import MeshAPI

// What a client's Sidecar resource lets it see and do (networking.istio.io Sidecar).
extension MeshModel {
    /// The Sidecar that speaks for a client: of its namespace the oldest that selects it, else the oldest without a selector,
    /// else that of the root namespace; nil when none does.
    func sidecar(for client: Client) -> Sidecar? {
        guard !sidecars.isEmpty, !client.isGateway else { return nil }
        let own = sidecars[client.namespace] ?? []
        return own.first { $0.workloadSelector?.matches(client.labels) ?? false }
            ?? own.first { $0.workloadSelector == nil }
            ?? sidecars[config.rootNamespace]?.first { $0.workloadSelector == nil }
    }

    /// Whether the client sees the service: it is exported to the client's namespace, and its Sidecar asks for it.
    ///
    /// - Parameter port: The port that is connected to; nil for any.
    func sees(_ client: Client, _ service: Service, port: Int? = nil) -> Bool {
        guard service.isVisible(to: client.namespace, default: config.defaultServiceExportTo) else { return false }
        guard let hosts = egressHosts(for: client, port: port) else { return true }
        return hosts.contains { Self.asksFor($0, service, from: client.namespace) }
    }

    /// Whether the service may be an upstream of the client: it is seen, or routes that the client sees lead to it.
    func mayReach(_ client: Client, _ service: Service) -> Bool {
        if sees(client, service) { return true }
        guard service.isVisible(to: client.namespace, default: config.defaultServiceExportTo),
            let sidecar = sidecar(for: client)
        else { return false }
        return egressProxy(of: sidecar)?.host == service.host
            || virtualServices.leading(to: service.host).contains { object in
                object.gateways.contains(VirtualService.mesh)
                    && object.rank(in: client.namespace, default: config.defaultVirtualServiceExportTo) != nil
                    && sees(client, object)
            }
    }

    /// What the client's Sidecar asks for on a port: the hosts of the listener for that port, or else of the one for all;
    /// of all listeners without a port; nil where nothing is left out.
    private func egressHosts(for client: Client, port: Int?) -> [String]? {
        guard let sidecar = sidecar(for: client), !sidecar.egress.isEmpty else { return nil }
        guard let port else { return sidecar.egress.flatMap(\.hosts) }
        let own = sidecar.egress.filter { $0.port?.number == port }
        return (own.isEmpty ? sidecar.egress.filter { $0.port == nil } : own).flatMap(\.hosts)
    }

    /// The listener that the client's Sidecar has on this very address and port.
    func egressListener(for client: Client, at address: String, port: Int) -> Sidecar.Egress? {
        sidecar(for: client)?.egress.first { listener in
            listener.port?.number == port && listener.place.map { $0 == address } ?? false
        }
    }

    /// The port of the client's Sidecar for which requests are told apart from other bytes.
    func hasHTTPListener(_ client: Client, port: Int) -> Bool {
        sidecar(for: client)?.egress.contains { listener in
            listener.bind.isEmpty && listener.port?.number == port
                && PortProtocol(named: listener.port?.protocolName ?? "").isHTTP
        } ?? false
    }

    /// Where a Sidecar sends what goes to unknown destinations; nil for where it was going.
    func egressProxy(of sidecar: Sidecar) -> DestinationName? {
        guard let proxy = sidecar.egressProxy, let port = proxy.port else { return nil }
        let name = proxy.host.lowercased()
        let host = name.contains(".") ? name : host(ofService: name, in: sidecar.metadata.namespace)
        return DestinationName(host: host, port: port, subset: proxy.subset)
    }

    /// Whether the client's Sidecar asks for the VirtualService, by its namespace and one of its hosts.
    ///
    /// - Parameter port: The port that is connected to; nil for any.
    func sees(_ client: Client, _ virtualService: ResolvedVirtualService, port: Int? = nil) -> Bool {
        guard let hosts = egressHosts(for: client, port: port) else { return true }
        let namespace = virtualService.metadata.namespace
        return hosts.contains { egressHost in
            let parts = egressHost.split(separator: "/", maxSplits: 1)
            guard parts.count == 2,
                parts[0] == "*" || parts[0] == namespace || (parts[0] == "." && namespace == client.namespace)
            else { return false }
            let pattern = parts[1].lowercased()
            return virtualService.meshHosts.contains {
                RuleIndex.matches(pattern, $0) || RuleIndex.matches($0, pattern)
            }
        }
    }

    /// Whether an egress host, `namespace/dnsName`, is for the service.
    private static func asksFor(_ host: String, _ service: Service, from namespace: String) -> Bool {
        let parts = host.split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else { return false }
        let isNamespace =
            parts[0] == "*" || parts[0] == service.namespace || (parts[0] == "." && namespace == service.namespace)
        return isNamespace && RuleIndex.matches(parts[1].lowercased(), service.host)
    }

    /// What the client may do with destinations that it does not know.
    func outboundTrafficPolicy(for client: Client) -> OutboundTrafficPolicy {
        sidecar(for: client)?.outboundTrafficPolicy ?? config.outboundTrafficPolicy
    }

    mutating func set(_ sidecar: Sidecar) -> Impact {
        _ = removeSidecar(sidecar.metadata.key)
        var list = sidecars[sidecar.metadata.namespace] ?? []
        list.insert(sidecar, at: list.firstIndex { sidecar.metadata.precedes($0.metadata) } ?? list.endIndex)
        sidecars[sidecar.metadata.namespace] = list
        return .all
    }

    mutating func removeSidecar(_ key: ObjectKey) -> Impact {
        sidecars[key.namespace]?.removeAll { $0.metadata.key == key }
        if sidecars[key.namespace]?.isEmpty == true { sidecars[key.namespace] = nil }
        return .all
    }
}

extension Sidecar.Egress {
    /// The address that clients connect to when they mean this very listener; nil when they mean services.
    var place: String? {
        if !bind.isEmpty { return bind == "0.0.0.0" || bind == "::" ? nil : bind }
        return captureMode == .none ? "127.0.0.1" : nil
    }
}
