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
