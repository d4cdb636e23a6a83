internal import JSON
internal import Kubernetes
internal import MeshAPI

/// One address behind a service, as Endpoints, EndpointSlices and ServiceEntries list it.
struct ServiceEndpoint: Hashable, Sendable {
    /// What is said of an endpoint that is no pod.
    struct Attributes: Hashable, Sendable {
        var namespace: String
        var labels: [String: String]
        var serviceAccount: String
        /// Whether it speaks mutual TLS: `istio`, or anything else for no.
        var tlsMode: String
    }

    /// An IP address, or a host's name that the proxy resolves.
    var address: String
    /// By the name of the service's port.
    var ports: [String: Int]
    var pod: ObjectKey?
    var attributes: Attributes?
    var weight = 1

    init(address: String, ports: [String: Int], pod: ObjectKey?) {
        self.address = address
        self.ports = ports
        self.pod = pod
    }

    init(_ workload: WorkloadEntry.Workload, of entry: ServiceEntry) {
        address = workload.address
        ports = [:]
        for port in entry.ports {
            ports[port.name] = workload.ports[port.name] ?? port.targetPort ?? port.number
        }
        weight = max(1, workload.weight)
        attributes = Attributes(
            namespace: entry.metadata.namespace,
            labels: workload.labels,
            serviceAccount: workload.serviceAccount,
            tlsMode: workload.labels[Workload.tlsModeLabel] ?? (workload.serviceAccount.isEmpty ? "disabled" : "istio")
        )
    }

    /// A host as its own endpoint, to be resolved.
    init(address: String, of entry: ServiceEntry) {
        self.address = address
        ports = Dictionary(entry.ports.map { ($0.name, $0.targetPort ?? $0.number) }) { first, _ in first }
    }

    /// A WorkloadEntry that a service selects.
    init(_ entry: WorkloadEntry, of service: Service) {
        let workload = entry.workload
        address = workload.address
        ports = [:]
        for port in service.ports {
            let target: Int? = if case .number(let number) = port.target { number } else { nil }
            ports[port.name] = workload.ports[port.name] ?? target ?? port.number
        }
        weight = max(1, workload.weight)
        attributes = Attributes(
            namespace: entry.metadata.namespace,
            labels: entry.labels,
            serviceAccount: workload.serviceAccount,
            tlsMode: entry.labels[Workload.tlsModeLabel] ?? (workload.serviceAccount.isEmpty ? "disabled" : "istio")
        )
    }

    /// A pod that a ServiceEntry selects.
    init(_ workload: Workload, address: String, of service: Service) {
        self.init(address: address, ports: [:], pod: workload.key)
        for port in service.ports { ports[port.name] = workload.number(of: port.target) }
    }

    /// The ready endpoints of an EndpointSlice.
    static func endpoints(ofSlice object: JSON) -> [ServiceEndpoint] {
        let namespace = object["metadata", "namespace"]?.string ?? ""
        let ports = Self.ports(object["ports"])
        return (object["endpoints"]?.array ?? []).flatMap { endpoint -> [ServiceEndpoint] in
            // A condition that is not there counts as met (discovery/v1 EndpointConditions).
            guard endpoint["conditions", "ready"]?.bool ?? true else { return [] }
            let pod = Self.pod(endpoint["targetRef"], namespace: namespace)
            return (endpoint["addresses"]?.array ?? []).compactMap(\.string).map {
                ServiceEndpoint(address: $0, ports: ports, pod: pod)
            }
        }
    }

    /// The ready endpoints of an Endpoints object.
    static func endpoints(ofEndpoints object: JSON) -> [ServiceEndpoint] {
        let namespace = object["metadata", "namespace"]?.string ?? ""
        return (object["subsets"]?.array ?? []).flatMap { subset -> [ServiceEndpoint] in
            let ports = Self.ports(subset["ports"])
            return (subset["addresses"]?.array ?? []).compactMap { address in
                guard let text = address["ip"]?.string else { return nil }
                return ServiceEndpoint(
                    address: text,
                    ports: ports,
                    pod: Self.pod(address["targetRef"], namespace: namespace)
                )
            }
        }
    }

    private static func ports(_ list: JSON?) -> [String: Int] {
        var ports: [String: Int] = [:]
        for port in list?.array ?? [] {
            if let number = port["port"]?.int { ports[port["name"]?.string ?? ""] = Int(number) }
        }
        return ports
    }

    private static func pod(_ reference: JSON?, namespace: String) -> ObjectKey? {
        guard let reference, reference["kind"] == "Pod", let name = reference["name"]?.string else { return nil }
        return ObjectKey(namespace: reference["namespace"]?.string ?? namespace, name: name)
    }
}
