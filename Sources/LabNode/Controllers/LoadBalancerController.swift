internal import Base
internal import JSON
internal import Kubernetes
internal import Synchronization

/// Gives each Service of type `LoadBalancer` an address of its own, as a cloud's controller does elsewhere.
///
/// The address is one of ``LabAddresses/externalNetwork``: this machine and its pods reach it, nobody else does.
final class LoadBalancerController: Sendable {
    private let api: any KubernetesAPI
    private let informers: ClusterInformers
    private let addresses: LabAddresses
    private let events: EventRecorder
    /// What was given out, which the informer may not show yet.
    private let given = Mutex<[ObjectKey: IPAddress]>([:])

    init(api: any KubernetesAPI, informers: ClusterInformers, addresses: LabAddresses, events: EventRecorder) {
        self.api = api
        self.informers = informers
        self.addresses = addresses
        self.events = events
    }

    func reconcile(_ key: ObjectKey) async throws -> Duration? {
        guard let service = informers.services.object(key), !service.metadata.isBeingDeleted else {
            given.withLock { $0[key] = nil }
            return nil
        }
        let own = Self.addresses(of: service)
        guard service["spec", "type"]?.string == "LoadBalancer" else {
            given.withLock { $0[key] = nil }
            if !own.isEmpty { try await write([], to: service) }
            return nil
        }
        if own.contains(where: addresses.isExternal) { return nil }
        guard let address = choose(for: service) else {
            let wanted = service["spec", "loadBalancerIP"]?.string.map { "\($0) is not free" }
            events.record(
                service,
                "SyncLoadBalancerFailed",
                "\(wanted ?? "no address is free") in \(addresses.externalNetwork)/24",
                isWarning: true
            )
            return nil
        }
        try await write([address], to: service)
        events.record(service, "EnsuredLoadBalancer", "Ensured load balancer at \(address)")
        return nil
    }

    /// The addresses in the Service's status.
    static func addresses(of service: JSON) -> [IPAddress] {
        (service["status", "loadBalancer", "ingress"]?.array ?? []).compactMap { ingress in
            ingress["ip"]?.string.flatMap { IPAddress(ipv4Text: $0) }
        }
    }

    /// The address that the Service asks for, or the first that is free; nil when there is none.
    private func choose(for service: JSON) -> IPAddress? {
        let key = service.metadata.key
        let shown = informers.services.objects.filter { $0.metadata.key != key }.flatMap(Self.addresses)
        return given.withLock { given in
            let taken = Set(shown + given.filter { $0.key != key }.values)
            let wanted = service["spec", "loadBalancerIP"]?.string ?? ""
            let candidates =
                wanted.isEmpty
                ? (1...254).map { IPAddress(ipv4: addresses.externalNetwork.ipv4 + $0) }
                : [IPAddress(ipv4Text: wanted)].compactMap(\.self).filter(addresses.isExternal)
            given[key] = candidates.first { !taken.contains($0) }
            return given[key]
        }
    }

    private func write(_ addresses: [IPAddress], to service: JSON) async throws {
        let ingress: JSON =
            addresses.isEmpty ? .null : .array(addresses.map { ["ip": .string("\($0)"), "ipMode": "VIP"] })
        _ = try await api.patch(
            .services,
            namespace: service.metadata.namespace,
            name: service.metadata.name,
            subresource: "status",
            .merge,
            ["status": ["loadBalancer": ["ingress": ingress]]]
        )
    }
}
