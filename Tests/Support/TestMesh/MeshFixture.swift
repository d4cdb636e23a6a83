public import JSON
internal import Kubernetes
public import Mesh
public import MeshAPI
internal import YAML

/// A small mesh for tests: pods, services and their endpoints without a cluster.
public struct MeshFixture {
    public private(set) var objects: [JSON] = []
    public var config = MeshConfig()
    private var lastAddress = 0

    public init() {}

    /// Everything as a model; every service has an EndpointSlice with the pods that it selects.
    public var model: MeshModel { model(inOrder: allObjects) }

    public var allObjects: [JSON] { objects + objects.filter { $0.kind == "Service" }.map(endpointSlice) }

    public func model(inOrder objects: [JSON]) -> MeshModel {
        var model = MeshModel(config: config)
        for object in objects { _ = model.update(object) }
        return model
    }

    public mutating func add(_ object: JSON) { objects.append(object) }

    /// Adds the documents of a YAML text.
    public mutating func add(_ text: String) throws { objects += try YAML.values(text) }

    public mutating func configure(_ text: String) throws { config = try MeshConfig(YAML.value(text)) }

    /// Adds a pod that listens on `port`, labelled `app: <app>` and with the sidecar's label and container if it has one.
    public mutating func pod(
        _ namespace: String,
        _ name: String,
        app: String? = nil,
        labels: [String: String] = [:],
        annotations: [String: String] = [:],
        account: String? = nil,
        sidecar: Bool = true,
        port: Int = 80,
        tlsMode: String? = nil
    ) {
        lastAddress += 1
        var labels = labels
        labels["app"] = app ?? name
        if let mode = tlsMode ?? (sidecar ? "istio" : nil) { labels["security.istio.io/tlsMode"] = mode }
        var containers: [JSON] = [["name": "app", "ports": [["name": "web", "containerPort": .int(Int64(port))]]]]
        if sidecar { containers.append(["name": "istio-proxy"]) }
        objects.append([
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "namespace": .string(namespace), "name": .string(name), "labels": .strings(labels),
                "annotations": .strings(annotations),
            ],
            "spec": ["serviceAccountName": .string(account ?? app ?? name), "containers": .array(containers)],
            "status": ["phase": "Running", "podIP": .string("10.244.\(lastAddress >> 8).\(lastAddress & 255)")],
        ])
    }

    /// Adds a service for the pods of `app`; `ports` are the entries of `spec.ports` in YAML.
    public mutating func service(
        _ namespace: String,
        _ name: String,
        app: String? = nil,
        ports: String = "[{name: http, port: 8000, targetPort: 80}]",
        address: String? = nil,
        created: String? = nil,
        annotations: [String: String] = [:]
    ) throws {
        lastAddress += 1
        var metadata: JSON = [
            "namespace": .string(namespace), "name": .string(name), "annotations": .strings(annotations),
        ]
        if let created { metadata["creationTimestamp"] = .string(created) }
        objects.append([
            "apiVersion": "v1", "kind": "Service", "metadata": metadata,
            "spec": [
                "selector": ["app": .string(app ?? name)], "ports": try YAML.value(ports),
                "clusterIP": .string(address ?? "10.96.\(lastAddress >> 8).\(lastAddress & 255)"),
            ],
        ])
    }

    private func endpointSlice(_ service: JSON) -> JSON {
        let selector = service["spec", "selector"]?.strings ?? [:]
        let pods = objects.filter { pod in
            pod.kind == "Pod" && pod.metadata.namespace == service.metadata.namespace
                && selector.allSatisfy { pod.metadata.labels[$0] == $1 }
        }
        let ports = (service["spec", "ports"]?.array ?? []).map { port -> JSON in
            let target = port["targetPort"]?.int ?? (port["targetPort"] == nil ? port["port"]?.int : nil)
            return ["name": port["name"] ?? "", "port": .int(target ?? 80)]
        }
        return [
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": [
                "namespace": .string(service.metadata.namespace), "name": .string(service.metadata.name + "-x"),
                "labels": ["kubernetes.io/service-name": .string(service.metadata.name)],
            ],
            "ports": .array(ports),
            "endpoints": .array(
                pods.map { pod in
                    [
                        "addresses": [pod["status", "podIP"] ?? ""],
                        "targetRef": ["kind": "Pod", "name": .string(pod.metadata.name)],
                    ]
                }
            ),
        ]
    }
}

extension MeshModel {
    /// The pod of that name.
    public func pod(_ namespace: String, _ name: String) -> Workload? {
        workloads[ObjectKey(namespace: namespace, name: name)]
    }

    /// The decision of a client in `namespace` for `service.namespace` on a port.
    public func destination(
        from namespace: String,
        labels: [String: String] = [:],
        _ service: String,
        port: Int = 8000,
        subset: String = ""
    ) -> DestinationDecision? {
        let name = DestinationName(host: "\(service).svc.cluster.local", port: port, subset: subset)
        return destination(name, for: Client(namespace: namespace, labels: labels))
    }
}
