internal import Base
internal import JSON
public import Kubernetes

/// All that keeps a cluster as its objects say: what kube-controller-manager and kube-scheduler do elsewhere.
public struct Controllers: Sendable {
    private let api: any KubernetesAPI
    private let resourceTypes: @Sendable () async -> [ResourceType]
    private let rootCertificate: String
    private let nodeName: String
    private let addresses: LabAddresses

    /// - Parameters:
    ///   - resourceTypes: All resources that the server has at the moment.
    ///   - rootCertificate: In PEM; pods check the API server's certificate with it.
    public init(
        _ api: any KubernetesAPI,
        resourceTypes: @escaping @Sendable () async -> [ResourceType],
        rootCertificate: String,
        nodeName: String = NodeConfiguration().nodeName,
        addresses: LabAddresses = LabAddresses()
    ) {
        self.api = api
        self.resourceTypes = resourceTypes
        self.rootCertificate = rootCertificate
        self.nodeName = nodeName
        self.addresses = addresses
    }

    /// Works until the task is cancelled.
    public func run() async {
        let informers = ClusterInformers(api)
        await withDiscardingTaskGroup { group in
            for informer in informers.all { group.addTask { await informer.run() } }
            for loop in loops(informers) { group.addTask { await loop.run() } }
            group.addTask { await GarbageCollector(api: api, resourceTypes: resourceTypes).run() }
        }
    }

    private func loops(_ informers: ClusterInformers) -> [ControllerLoop] {
        let endpoints = EndpointsController(api: api, informers: informers)
        let namespaces = NamespaceController(
            api: api,
            namespacedTypes: { await resourceTypes().filter(\.isNamespaced) },
            rootCertificate: rootCertificate
        )
        let scheduler = Scheduler(
            api: api,
            informers: informers,
            events: EventRecorder(api: api, component: "default-scheduler"),
            nodeName: nodeName
        )
        let loadBalancers = LoadBalancerController(
            api: api,
            informers: informers,
            addresses: addresses,
            events: recorder("service-controller")
        )
        return [
            ControllerLoop(
                name: "namespace",
                informers: [informers.namespaces, informers.serviceAccounts, informers.configMaps],
                keys: Self.namespaceKeys,
                reconcile: namespaces.reconcile
            ),
            ControllerLoop(
                name: "scheduler",
                informers: [informers.pods],
                keys: { ($0.after?["spec", "nodeName"]?.string ?? "").isEmpty ? [$0.key] : [] },
                reconcile: scheduler.reconcile
            ),
            ControllerLoop(
                name: "deployment",
                informers: [informers.deployments, informers.replicaSets],
                keys: { Self.ownKeys($0, kind: "Deployment", type: .deployments) },
                reconcile: DeploymentController(api: api, events: recorder("deployment-controller")).reconcile
            ),
            ControllerLoop(
                name: "replicaset",
                informers: [informers.replicaSets, informers.pods],
                keys: { Self.replicaSetKeys($0, informers) },
                reconcile: ReplicaSetController(api: api, events: recorder("replicaset-controller")).reconcile
            ),
            ControllerLoop(
                name: "job",
                informers: [informers.jobs, informers.pods],
                keys: { Self.ownKeys($0, kind: "Job", type: .jobs) },
                reconcile: JobController(api: api, events: recorder("job-controller")).reconcile
            ),
            ControllerLoop(
                name: "endpoints",
                informers: [informers.services, informers.pods, informers.endpoints, informers.endpointSlices],
                keys: endpoints.keys,
                reconcile: endpoints.reconcile
            ),
            ControllerLoop(
                name: "loadbalancer",
                informers: [informers.services],
                keys: { [$0.key] },
                reconcile: loadBalancers.reconcile
            ),
        ]
    }

    private func recorder(_ component: String) -> EventRecorder { EventRecorder(api: api, component: component) }

    /// A namespace itself, or that of one of the objects every namespace has.
    private static func namespaceKeys(_ change: ObjectChange) -> [ObjectKey] {
        switch change.type {
        case .namespaces: [change.key]
        case .serviceAccounts where change.key.name == "default" && change.after == nil,
            .configMaps where change.key.name == "kube-root-ca.crt" && change.after == nil:
            [ObjectKey(name: change.key.namespace)]
        default: []
        }
    }

    /// The object itself when it is of `type`, otherwise the controller of that kind that it belongs to.
    private static func ownKeys(_ change: ObjectChange, kind: String, type: ResourceType) -> [ObjectKey] {
        if change.type == type { return [change.key] }
        let owners = [change.before, change.after].compactMap { $0?.metadata.controller }.filter { $0.kind == kind }
        return Set(owners.map(\.name)).map { ObjectKey(namespace: change.key.namespace, name: $0) }
    }

    private static func replicaSetKeys(_ change: ObjectChange, _ informers: ClusterInformers) -> [ObjectKey] {
        let own = ownKeys(change, kind: "ReplicaSet", type: .replicaSets)
        guard own.isEmpty, change.type == .pods, let pod = change.after, pod.metadata.controller == nil else {
            return own
        }
        // A pod that belongs to nobody may be taken over.
        return informers.replicaSets.objects.filter {
            $0.metadata.namespace == change.key.namespace && $0.podSelector?.matches(pod.metadata.labels) == true
        }.map(\.metadata.key)
    }
}
