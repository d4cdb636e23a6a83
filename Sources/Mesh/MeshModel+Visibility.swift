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
    func sees(_ client: Client, _ service: Service) -> Bool {
        guard service.isVisible(to: client.namespace, default: config.defaultServiceExportTo) else { return false }
        guard let sidecar = sidecar(for: client), !sidecar.egressHosts.isEmpty else { return true }
        return sidecar.egressHosts.contains { hosts in
            hosts.contains { Self.asksFor($0, service, from: client.namespace) }
        }
    }

    /// Whether the client's Sidecar asks for the VirtualService, by its namespace and one of its hosts.
    func sees(_ client: Client, _ virtualService: ResolvedVirtualService) -> Bool {
        guard let sidecar = sidecar(for: client), !sidecar.egressHosts.isEmpty else { return true }
        let namespace = virtualService.metadata.namespace
        return sidecar.egressHosts.joined().contains { egressHost in
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
