internal import JSON
internal import Kubernetes
internal import MeshAPI

// How services, endpoints and workloads enter the indexes and leave them again.
extension MeshModel {
    /// Takes over that `service` claims its host.
    mutating func set(service: Service) -> Impact {
        var list = claimants[service.host] ?? []
        list.removeAll { $0.metadata.key == service.metadata.key && $0.isEntry == service.isEntry }
        list.insert(service, at: list.firstIndex { service.precedes($0) } ?? list.endIndex)
        claimants[service.host] = list
        return settle(service.host)
    }

    /// Takes over that the object no longer claims the host.
    mutating func removeService(_ host: String, claimedBy key: ObjectKey, isEntry: Bool) -> Impact {
        claimants[host]?.removeAll { $0.metadata.key == key && $0.isEntry == isEntry }
        if claimants[host]?.isEmpty == true { claimants[host] = nil }
        return settle(host)
    }

    /// Gives the host to its first claimant.
    private mutating func settle(_ host: String) -> Impact {
        let winner = claimants[host]?.first
        guard services[host] != winner else { return Impact() }
        var impact = evict(host)
        if let winner { impact.formUnion(install(winner)) }
        return impact
    }

    private mutating func install(_ service: Service) -> Impact {
        var impact = Impact()
        let selected = selection(of: service)
        selectedEndpoints[service.host] = selected.isEmpty ? nil : selected
        let endpoints = self.endpoints(of: service)
        services[service.host] = service
        updateIndexes(with: service, Self.insert)
        for port in service.ports where port.spoken.application.routesHTTP {
            httpPortCounts[port.number, default: 0] += 1
        }
        index(endpoints, of: service, by: 1, &impact)
        impact.formUnion(serviceImpact(service))
        return impact
    }

    private mutating func evict(_ host: String) -> Impact {
        guard let service = services[host] else { return Impact() }
        var impact = serviceImpact(service)
        index(endpoints(of: service), of: service, by: -1, &impact)
        services[host] = nil
        selectedEndpoints[host] = nil
        updateIndexes(with: service, Self.remove)
        for port in service.ports where port.spoken.application.routesHTTP {
            let count = (httpPortCounts[port.number] ?? 0) - 1
            httpPortCounts[port.number] = count > 0 ? count : nil
        }
        return impact
    }

    /// Puts the service's host into all indexes that it belongs to, or takes it out of them.
    private mutating func updateIndexes(with service: Service, _ change: (String, inout Set<String>?) -> Void) {
        if !service.selector.isEmpty { change(service.host, &selectingHosts[service.namespace]) }
        for address in service.addresses { change(service.host, &hostsByAddress[address]) }
        if let key = selectorKey(of: service) { change(service.host, &hostsBySelector[key]) }
        for port in Self.serverNamePorts(of: service) { change(service.host, &hostsByTLSPort[port]) }
        for port in Self.capturedPorts(of: service) { change(service.host, &hostsByCapturedPort[port]) }
    }

    private static func insert(_ host: String, into hosts: inout Set<String>?) { hosts = (hosts ?? []).union([host]) }

    private static func remove(_ host: String, from hosts: inout Set<String>?) {
        hosts?.remove(host)
        if hosts?.isEmpty == true { hosts = nil }
    }

    /// Ports that an entry without addresses has all connections of, wherever they go.
    private static func capturedPorts(of service: Service) -> [Int] {
        guard service.isEntry, service.addresses.isEmpty else { return [] }
        return service.ports.filter { $0.spoken.application == .tcp && !$0.spoken.isTLS && $0.spoken != .udp }.map(
            \.number
        )
    }

    private static func serverNamePorts(of service: Service) -> [Int] {
        guard service.isEntry, service.addresses.isEmpty else { return [] }
        return service.ports.filter(\.spoken.isTLS).map(\.number)
    }

    private func selectorKey(of service: Service) -> SelectorKey? {
        guard !service.isEntry, let first = service.selector.min(by: { $0.key < $1.key }) else { return nil }
        return SelectorKey(namespace: service.namespace, key: first.key, value: first.value)
    }

    private func serviceImpact(_ service: Service) -> Impact {
        var impact = Impact()
        impact.hosts = [service.host]
        impact.addresses = Set(service.addresses)
        if !service.isEntry { impact.inboundNamespaces = [service.namespace] }
        // Policies of Istio 1.4's kind reach pods through services, and so what clients send to the same pods elsewhere.
        if !service.isEntry, hasLegacyPolicies { impact.policyNamespaces = [service.namespace] }
        impact.ports = Set(service.ports.map(\.number))
        // Routes without a port depend on how many the service has.
        for object in virtualServices.leading(to: service.host) { impact.formUnion(routeImpact(object)) }
        return impact
    }

    mutating func set(_ entry: ServiceEntry) -> Impact {
        let key = entry.metadata.key
        let services = Service.services(of: entry)
        let hosts = Set(services.map(\.host))
        var impact = Impact()
        for host in (hostsByEntry[key] ?? []).subtracting(hosts) {
            impact.formUnion(removeService(host, claimedBy: key, isEntry: true))
        }
        hostsByEntry[key] = hosts
        for service in services { impact.formUnion(set(service: service)) }
        return impact
    }

    mutating func removeEntry(_ key: ObjectKey) -> Impact {
        var impact = Impact()
        for host in hostsByEntry.removeValue(forKey: key) ?? [] {
            impact.formUnion(removeService(host, claimedBy: key, isEntry: true))
        }
        return impact
    }

    mutating func set(slice object: JSON) -> Impact {
        let key = object.metadata.key
        let name = object.metadata.labels["kubernetes.io/service-name"] ?? ""
        let host = self.host(ofService: name, in: key.namespace)
        var impact = hostOfSlice[key].map { $0 == host } ?? true ? Impact() : removeSlice(key)
        let endpoints = ServiceEndpoint.endpoints(ofSlice: object)
        impact.formUnion(
            changeEndpoints(host) { model in
                model.slices[host, default: [:]][key] = endpoints
                model.hostOfSlice[key] = host
            }
        )
        return impact
    }

    mutating func removeSlice(_ key: ObjectKey) -> Impact {
        guard let host = hostOfSlice[key] else { return Impact() }
        return changeEndpoints(host) { model in
            model.hostOfSlice[key] = nil
            model.slices[host]?[key] = nil
            if model.slices[host]?.isEmpty == true { model.slices[host] = nil }
        }
    }

    mutating func set(endpoints object: JSON) -> Impact {
        let key = object.metadata.key
        return setEndpoints(
            host(ofService: key.name, in: key.namespace),
            ServiceEndpoint.endpoints(ofEndpoints: object)
        )
    }

    mutating func setEndpoints(_ host: String, _ endpoints: [ServiceEndpoint]?) -> Impact {
        changeEndpoints(host) { $0.plainEndpoints[host] = endpoints }
    }

    mutating func changeEndpoints(_ host: String, _ change: (inout MeshModel) -> Void) -> Impact {
        guard let service = services[host] else {
            change(&self)
            return Impact()
        }
        var impact = Impact()
        let before = endpoints(of: service)
        change(&self)
        let after = endpoints(of: service)
        guard before != after else { return impact }
        index(before, of: service, by: -1, &impact)
        index(after, of: service, by: 1, &impact)
        impact.hosts = [host]
        return impact
    }

    /// Counts the endpoints in (`step` 1) or out (-1).
    private mutating func index(
        _ endpoints: [ServiceEndpoint],
        of service: Service,
        by step: Int,
        _ impact: inout Impact
    ) {
        for endpoint in endpoints {
            if let pod = endpoint.pod { Self.count(&hostsByPod, pod, service.host, step) }
            if service.resolution == .originalDestination, !service.isEntry {
                Self.count(&headlessHostsByAddress, endpoint.address, service.host, step)
                impact.addresses.insert(endpoint.address)
            }
        }
    }

    private static func count<Key>(_ counts: inout [Key: [String: Int]], _ key: Key, _ host: String, _ step: Int) {
        let count = (counts[key]?[host] ?? 0) + step
        counts[key, default: [:]][host] = count > 0 ? count : nil
        if counts[key]?.isEmpty == true { counts[key] = nil }
    }

    mutating func set(workload: Workload) -> Impact {
        guard workloads[workload.key] != workload else { return Impact() }
        var impact = removeWorkload(workload.key)
        workloads[workload.key] = workload
        if !workload.usesHostNetwork, !workload.isFinished {
            for address in workload.addresses {
                // A new pod may have the address of one whose end has not been told yet.
                if let owner = self.workload(at: address), workload.metadata.precedes(owner.metadata) { continue }
                workloadsByAddress[address] = workload.key
            }
        }
        impact.workloads.insert(workload.key)
        impact.hosts.formUnion(hostsByPod[workload.key]?.keys.map(\.self) ?? [])
        impact.formUnion(selectAnew(in: workload.namespace, onlyEntries: true))
        return impact
    }

    mutating func removeWorkload(_ key: ObjectKey) -> Impact {
        guard let workload = workloads.removeValue(forKey: key) else { return Impact() }
        for address in workload.addresses where workloadsByAddress[address] == key { workloadsByAddress[address] = nil }
        var impact = Impact()
        impact.workloads = [key]
        impact.hosts = Set(hostsByPod[key]?.keys.map(\.self) ?? [])
        impact.formUnion(selectAnew(in: key.namespace, onlyEntries: true))
        return impact
    }
}
