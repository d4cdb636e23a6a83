public import Kubernetes
public import MeshAPI

/// Everything that is known of the mesh at one moment, indexed for deciding.
///
/// A value: a copy stays as it is while its owner goes on changing the original, object by object. Nothing in it
/// depends on the order in which objects arrived.
public struct MeshModel: Sendable {
    /// The cluster's DNS domain.
    public let clusterDomain: String
    public internal(set) var config: MeshConfig

    public internal(set) var namespaces: [String: Metadata] = [:]
    /// By host.
    public internal(set) var services: [String: Service] = [:]
    public internal(set) var workloads: [ObjectKey: Workload] = [:]
    /// Objects that are not used, or not in their current version, and why.
    public internal(set) var problems: [ObjectReference: String] = [:]
    /// Objects that are in force but for a part, and which.
    public internal(set) var shortcomings: [ObjectReference: String] = [:]

    // Services.
    /// By host: all that claim it, the one that has it first.
    var claimants: [String: [Service]] = [:]
    /// Hosts by virtual address.
    var hostsByAddress: [String: Set<String>] = [:]
    /// Hosts by namespace and the selector's first label, for finding the services of a pod.
    var hostsBySelector: [SelectorKey: Set<String>] = [:]
    /// The hosts of each ServiceEntry.
    var hostsByEntry: [ObjectKey: Set<String>] = [:]
    /// How many services route HTTP on a port.
    var httpPortCounts: [Int: Int] = [:]
    /// Hosts without an address that are told apart by server name, by port (ServiceEntry).
    var hostsByTLSPort: [Int: Set<String>] = [:]
    /// Hosts of entries without addresses that have plain TCP on a port.
    var hostsByCapturedPort: [Int: Set<String>] = [:]

    // Endpoints.
    var slices: [String: [ObjectKey: [ServiceEndpoint]]] = [:]
    var hostOfSlice: [ObjectKey: String] = [:]
    var plainEndpoints: [String: [ServiceEndpoint]] = [:]
    /// What services select besides: WorkloadEntries, and pods where the service is a ServiceEntry's; by host.
    var selectedEndpoints: [String: [ServiceEndpoint]] = [:]
    var workloadEntries: [String: [String: WorkloadEntry]] = [:]
    /// Hosts of the services with a selector that take in more than Kubernetes lists, by namespace.
    var selectingHosts: [String: Set<String>] = [:]
    /// Hosts among whose endpoints a pod is.
    var hostsByPod: [ObjectKey: [String: Int]] = [:]
    /// Headless hosts among whose endpoints an address is.
    var headlessHostsByAddress: [String: [String: Int]] = [:]
    var workloadsByAddress: [String: ObjectKey] = [:]

    // Policies and rules, by namespace.
    var peerAuthentications: [String: PeerAuthentications] = [:]
    var legacyPolicies: [String: LegacyPolicies] = [:]
    var meshPolicy: AuthenticationPolicy?
    var rules: [String: RuleIndex] = [:]
    var gateways = GatewayIndex()
    /// Whether Gateways count only for pods of their own namespace (`PILOT_SCOPE_GATEWAY_TO_NAMESPACE`).
    public var scopesGatewaysToNamespace = false
    /// Oldest first.
    var sidecars: [String: [Sidecar]] = [:]
    var virtualServices = VirtualServiceIndex()

    struct SelectorKey: Hashable, Sendable {
        var namespace: String
        var key: String
        var value: String
    }

    public init(config: MeshConfig = MeshConfig(), clusterDomain: String = "cluster.local") {
        self.config = config
        self.clusterDomain = clusterDomain
    }

    /// Whether any policy of Istio 1.4's kind is there: only then are they consulted.
    public var hasLegacyPolicies: Bool { meshPolicy != nil || !legacyPolicies.isEmpty }

    /// The host of a Kubernetes Service.
    public func host(ofService name: String, in namespace: String) -> String {
        "\(name).\(namespace).svc.\(clusterDomain)"
    }

    /// The workload that has this address.
    public func workload(at address: String) -> Workload? { workloadsByAddress[address].flatMap { workloads[$0] } }

    /// The services of Kubernetes that select the workload, the oldest first: the order in which they claim its ports.
    public func services(selecting workload: Workload) -> [Service] {
        var found: [Service] = []
        for (key, value) in workload.labels {
            let index = SelectorKey(namespace: workload.namespace, key: key, value: value)
            for host in hostsBySelector[index] ?? [] {
                guard let service = services[host], !service.isEntry,
                    service.selector.allSatisfy({ workload.labels[$0] == $1 })
                else { continue }
                found.append(service)
            }
        }
        return found.sorted { $0.metadata.precedes($1.metadata) }
    }

    /// The endpoints of a host: EndpointSlices count before Endpoints, and both before what an entry lists; then what it selects.
    func endpoints(of service: Service) -> [ServiceEndpoint] {
        listedEndpoints(of: service) + (selectedEndpoints[service.host] ?? [])
    }

    private func listedEndpoints(of service: Service) -> [ServiceEndpoint] {
        if let slices = slices[service.host] {
            guard slices.count > 1 else { return slices.first?.value ?? [] }
            var seen: Set<ServiceEndpoint> = []
            return slices.sorted { $0.key < $1.key }.flatMap(\.value).filter { seen.insert($0).inserted }
        }
        return plainEndpoints[service.host] ?? service.inlineEndpoints
    }
}

extension MeshModel {
    /// Whether nothing is known of any object, and no index holds anything.
    public var isEmpty: Bool {
        let objects =
            namespaces.isEmpty && services.isEmpty && workloads.isEmpty && problems.isEmpty
            && shortcomings.isEmpty
        let serviceIndexes =
            claimants.isEmpty && hostsByAddress.isEmpty && hostsBySelector.isEmpty && hostsByEntry.isEmpty
            && httpPortCounts.isEmpty && hostsByTLSPort.isEmpty && hostsByCapturedPort.isEmpty
        let endpointIndexes =
            selectedEndpoints.isEmpty && workloadEntries.isEmpty && selectingHosts.isEmpty
            && slices.isEmpty && hostOfSlice.isEmpty && plainEndpoints.isEmpty && hostsByPod.isEmpty
            && headlessHostsByAddress.isEmpty && workloadsByAddress.isEmpty
        let policies =
            peerAuthentications.isEmpty && legacyPolicies.isEmpty && meshPolicy == nil && rules.isEmpty
            && sidecars.isEmpty && gateways.isEmpty && virtualServices.isEmpty
        return objects && serviceIndexes && endpointIndexes && policies
    }
}
