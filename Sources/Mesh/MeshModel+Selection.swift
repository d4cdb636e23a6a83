internal import Kubernetes
internal import MeshAPI

// What services select beyond what Kubernetes lists for them: WorkloadEntries, and for ServiceEntries pods as well.
extension MeshModel {
    mutating func set(_ entry: WorkloadEntry) -> Impact {
        let key = entry.metadata.key
        workloadEntries[key.namespace, default: [:]][key.name] = entry
        return selectAnew(in: key.namespace, onlyEntries: false)
    }

    mutating func removeWorkloadEntry(_ key: ObjectKey) -> Impact {
        workloadEntries[key.namespace]?[key.name] = nil
        if workloadEntries[key.namespace]?.isEmpty == true { workloadEntries[key.namespace] = nil }
        return selectAnew(in: key.namespace, onlyEntries: false)
    }

    /// What the service selects at this moment, in the order of the objects' names.
    func selection(of service: Service) -> [ServiceEndpoint] {
        guard !service.selector.isEmpty else { return [] }
        func isSelected(_ labels: [String: String]) -> Bool { service.selector.allSatisfy { labels[$0] == $1 } }
        let entries = (workloadEntries[service.namespace] ?? [:]).values
            .filter { isSelected($0.labels) && !$0.workload.address.isEmpty }
            .sorted { $0.metadata.name < $1.metadata.name }
            .map { ServiceEndpoint($0, of: service) }
        guard service.isEntry else { return entries }
        let pods = workloads.values
            .filter {
                $0.namespace == service.namespace && !$0.isFinished && !$0.usesHostNetwork && isSelected($0.labels)
            }
            .sorted { $0.key < $1.key }
            .compactMap { pod in pod.addresses.first.map { ServiceEndpoint(pod, address: $0, of: service) } }
        return entries + pods
    }

    /// Finds out again what the services of a namespace select.
    ///
    /// - Parameter onlyEntries: Whether only pods changed, of which only ServiceEntries take notice here.
    mutating func selectAnew(in namespace: String, onlyEntries: Bool) -> Impact {
        var impact = Impact()
        for host in selectingHosts[namespace] ?? [] {
            guard let service = services[host], service.isEntry || !onlyEntries else { continue }
            let selected = selection(of: service)
            guard selected != selectedEndpoints[host] ?? [] else { continue }
            impact.formUnion(changeEndpoints(host) { $0.selectedEndpoints[host] = selected.isEmpty ? nil : selected })
        }
        return impact
    }
}
