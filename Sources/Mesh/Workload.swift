public import JSON
public import Kubernetes
public import MeshAPI

/// A pod, as far as the mesh is concerned.
public struct Workload: Hashable, Sendable {
    static let tlsModeLabel = "security.istio.io/tlsMode"
    /// The label's value of a workload that speaks mutual TLS; compared exactly.
    static let speaksMutualTLS = "istio"

    public struct ContainerPort: Hashable, Sendable {
        public var name: String
        public var number: Int
        public var container: String
    }

    public var metadata: Metadata
    public var serviceAccount: String
    /// The pod's addresses; empty before it has any.
    public var addresses: [String]
    public var containerPorts: [ContainerPort]
    /// Whether it has the sidecar's container.
    public var hasSidecar: Bool
    /// Whether its proxy is a gateway (annotation `inject.istio.io/templates`), or says that it is one.
    public var isGateway: Bool
    /// Whether its proxy may not open ports below 1024 (`ISTIO_META_UNPRIVILEGED_POD`).
    public var isUnprivileged: Bool
    /// Shares its node's network and address: no proxy can tell its traffic apart.
    public var usesHostNetwork: Bool
    /// Ended for good.
    public var isFinished: Bool

    public var key: ObjectKey { metadata.key }
    public var namespace: String { metadata.namespace }
    public var labels: [String: String] { metadata.labels }

    /// Whether clients may speak mutual TLS with it: its label says so.
    public var speaksMutualTLS: Bool { labels[Self.tlsModeLabel] == Self.speaksMutualTLS }

    /// Reads a Pod; what it lacks counts as empty.
    public init(pod object: JSON) {
        metadata = Metadata(of: object)
        let spec = object["spec"] ?? [:]
        let status = object["status"] ?? [:]
        let account = spec["serviceAccountName"]?.string ?? ""
        serviceAccount = account.isEmpty ? "default" : account
        addresses = (status["podIPs"]?.array ?? []).compactMap { $0["ip"]?.string }
        if addresses.isEmpty, let address = status["podIP"]?.string, !address.isEmpty { addresses = [address] }
        usesHostNetwork = spec["hostNetwork"]?.bool ?? false
        isFinished = ["Succeeded", "Failed"].contains(status["phase"]?.string ?? "")
        let containers = spec["containers"]?.array ?? []
        let all = containers + (spec["initContainers"]?.array ?? [])
        hasSidecar = all.contains { $0["name"] == "istio-proxy" }
        let templates = metadata.annotations["inject.istio.io/templates"] ?? ""
        isGateway = templates.split(separator: ",").contains { $0.filter { $0 != " " } == "gateway" }
        isUnprivileged = all.contains { container in
            (container["env"]?.array ?? []).contains {
                $0["name"] == "ISTIO_META_UNPRIVILEGED_POD" && $0["value"] == "true"
            }
        }
        containerPorts = containers.flatMap { container in
            (container["ports"]?.array ?? []).compactMap { port in
                port["containerPort"]?.int.flatMap { Int(exactly: $0) }.map {
                    ContainerPort(
                        name: port["name"]?.string ?? "",
                        number: $0,
                        container: container["name"]?.string ?? ""
                    )
                }
            }
        }
    }

    /// The number of the port that a Service means; nil when no container has a port of that name.
    public func number(of target: Service.TargetPort) -> Int? {
        switch target {
        case .number(let number): number
        case .name(let name): containerPorts.first { $0.name == name }?.number
        }
    }
}
