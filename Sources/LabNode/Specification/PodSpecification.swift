internal import JSON
internal import Kubernetes

/// What the node needs of a pod's `metadata` and `spec`, with Kubernetes' defaults filled in.
struct PodSpecification: Sendable, Hashable {
    enum RestartPolicy: String, Sendable { case always = "Always", onFailure = "OnFailure", never = "Never" }

    let name: String
    let namespace: String
    let uid: String
    let labels: [String: String]
    let annotations: [String: String]
    /// In their order: the regular ones run to completion one by one, sidecars keep running.
    let initContainers: [ContainerSpecification]
    let containers: [ContainerSpecification]
    let restartPolicy: RestartPolicy
    /// Seconds between SIGTERM and SIGKILL; 30 unless given.
    let terminationGracePeriod: Int
    let serviceAccountName: String
    let automountsServiceAccountToken: Bool
    let hostname: String
    let subdomain: String
    let usesHostNetwork: Bool
    /// The pod-level `securityContext`, or null.
    let securityContext: JSON
    /// The whole `spec`, for what few places need.
    let spec: JSON

    init(_ pod: JSON) {
        let metadata = pod.metadata
        let spec = pod["spec"] ?? .null
        name = metadata.name
        namespace = metadata.namespace
        uid = metadata.uid
        labels = metadata.labels
        annotations = metadata.annotations
        initContainers = (spec["initContainers"]?.array ?? []).map { ContainerSpecification($0, isInit: true) }
        containers = (spec["containers"]?.array ?? []).map { ContainerSpecification($0, isInit: false) }
        restartPolicy = spec["restartPolicy"]?.string.flatMap(RestartPolicy.init) ?? .always
        terminationGracePeriod = spec["terminationGracePeriodSeconds"]?.int.map { Int(clamping: $0) } ?? 30
        serviceAccountName = spec["serviceAccountName"]?.string ?? "default"
        automountsServiceAccountToken = spec["automountServiceAccountToken"]?.bool ?? true
        hostname = spec["hostname"]?.string ?? String(metadata.name.prefix(63))
        subdomain = spec["subdomain"]?.string ?? ""
        usesHostNetwork = spec["hostNetwork"]?.bool ?? false
        securityContext = spec["securityContext"] ?? .null
        self.spec = spec
    }

    var allContainers: [ContainerSpecification] { initContainers + containers }
    func container(_ name: String) -> ContainerSpecification? { allContainers.first { $0.name == name } }
    var volumes: [JSON] { spec["volumes"]?.array ?? [] }
}
