internal import Base
internal import Injection
internal import JSON

/// One gateway: its Deployment and Service, and the account that may read the certificates beside it.
struct GatewayManifest {
    private let gateway: GatewaySettings
    private let installation: Installation
    private let podTemplate: JSON

    /// - Throws: `invalidConfiguration` when one of the pod's annotations holds what it must not.
    init(_ gateway: GatewaySettings, _ installation: Installation) throws(MeshError) {
        self.gateway = gateway
        self.installation = installation
        podTemplate = try Self.podTemplate(gateway, installation)
    }

    var objects: [JSON] {
        let namespace: JSON = [
            "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(gateway.namespace)],
        ]
        return (gateway.namespace == installation.namespace ? [] : [namespace]) + [
            object("v1", "ServiceAccount", Self.account(gateway), [:]), role, roleBinding, service, deployment,
            disruptionBudget,
        ]
    }

    private static func account(_ gateway: GatewaySettings) -> String { "\(gateway.name)-service-account" }

    private func object(_ version: String, _ kind: String, _ name: String, _ content: JSON) -> JSON {
        var object = content
        object["apiVersion"] = .string(version)
        object["kind"] = .string(kind)
        object["metadata", "name"] = .string(name)
        object["metadata", "namespace"] = .string(gateway.namespace)
        object["metadata", "labels"] = .strings(gateway.labels)
        return object
    }

    // The control plane gives a gateway only certificates that the gateway's account could read by itself.

    private var role: JSON {
        let rule: JSON = ["apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "watch", "list"]]
        return object("rbac.authorization.k8s.io/v1", "Role", "\(gateway.name)-sds", ["rules": [rule]])
    }

    private var roleBinding: JSON {
        object(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            "\(gateway.name)-sds",
            [
                "roleRef": [
                    "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": .string("\(gateway.name)-sds"),
                ],
                "subjects": [["kind": "ServiceAccount", "name": .string(Self.account(gateway))]],
            ]
        )
    }

    private var service: JSON {
        let standard: JSON = [
            "type": .string(gateway.kind.serviceType), "selector": .strings(gateway.labels),
            "ports": .array(gateway.kind.standardPorts.map(\.object)),
        ]
        let own = gateway.kubernetes["service"] ?? [:]
        var service = object("v1", "Service", gateway.name, ["spec": standard.merged(with: own)])
        service["metadata", "annotations"] = gateway.kubernetes["serviceAnnotations"]
        return service
    }

    private var disruptionBudget: JSON {
        let spec: JSON = ["minAvailable": 1, "selector": ["matchLabels": .strings(gateway.labels)]]
        let own = gateway.kubernetes["podDisruptionBudget"] ?? [:]
        return object("policy/v1", "PodDisruptionBudget", gateway.name, ["spec": spec.merged(with: own)])
    }

    private var deployment: JSON {
        object(
            "apps/v1",
            "Deployment",
            gateway.name,
            [
                "spec": [
                    "replicas": gateway.kubernetes["replicaCount"] ?? 1,
                    "selector": ["matchLabels": .strings(gateway.labels)],
                    "strategy": gateway.kubernetes["strategy"] ?? [
                        "type": "RollingUpdate", "rollingUpdate": ["maxSurge": "100%", "maxUnavailable": "25%"],
                    ],
                    "template": podTemplate,
                ]
            ]
        )
    }

    /// The pod as the injector would make it, so that a gateway starts also while nobody injects.
    private static func podTemplate(_ gateway: GatewaySettings, _ installation: Installation) throws(MeshError) -> JSON
    {
        let own = gateway.kubernetes
        var annotations = own["podAnnotations"]?.strings ?? [:]
        annotations["inject.istio.io/templates"] = "gateway"
        var spec: JSON = [
            "serviceAccountName": .string(account(gateway)), "containers": [try container(gateway, installation)],
        ]
        for member in ["nodeSelector", "affinity", "tolerations", "priorityClassName", "securityContext"] {
            spec[member] = own[member]
        }
        spec["volumes"] = .array(try volumes(gateway))
        let pod: JSON = [
            "metadata": ["labels": .strings(gateway.labels), "annotations": .strings(annotations)], "spec": spec,
        ]
        var settings = InjectionSettings(mesh: installation.meshConfig, values: installation.values)
        settings.revision = installation.revisionLabel
        settings.systemNamespace = installation.namespace
        let workload = Workload(name: gateway.name, kind: "Deployment", apiVersion: "apps/v1")
        let result = try Injector(settings: settings).inject(pod, namespace: gateway.namespace, workload: workload)
        guard case .injected(var injected) = result.outcome else {
            throw MeshError(
                .invalidConfiguration,
                "gateway \(gateway.name): namespace \(gateway.namespace) can have no gateway, choose another one"
            )
        }
        // It is complete: nobody is to inject it again.
        injected["metadata", "labels", "sidecar.istio.io/inject"] = "false"
        for key in ["sidecar.istio.io/status", "proxy.istio.io/overrides"] {
            injected["metadata", "annotations", key] = nil
        }
        return injected
    }

    /// The files that `values.gateways` gives it, unless the component has volumes of the same name.
    private static func files(_ gateway: GatewaySettings) throws(MeshError) -> [GatewayFiles] {
        let own = Set((gateway.kubernetes["volumes"]?.array ?? []).compactMap { $0["name"]?.string })
        var files: [GatewayFiles] = []
        for entry in gateway.files where !own.contains(try entry.name()) { files.append(entry) }
        return files
    }

    private static func volumes(_ gateway: GatewaySettings) throws(MeshError) -> [JSON] {
        var volumes = gateway.kubernetes["volumes"]?.array ?? []
        for entry in try files(gateway) { volumes.append(try entry.volume()) }
        return volumes
    }

    private static func mounts(_ gateway: GatewaySettings) throws(MeshError) -> [JSON] {
        var mounts = gateway.kubernetes["volumeMounts"]?.array ?? []
        for entry in try files(gateway) { mounts.append(try entry.mount()) }
        return mounts
    }

    private static func container(
        _ gateway: GatewaySettings,
        _ installation: Installation
    ) throws(MeshError) -> JSON {
        let ports = gateway.kubernetes["service", "ports"]?.array ?? gateway.kind.standardPorts.map(\.object)
        var container: JSON = [
            "name": "istio-proxy", "image": "auto",
            "ports": .array(
                ports.compactMap { port in
                    (port["targetPort"]?.int ?? port["port"]?.int).map { number in
                        ["containerPort": .int(number), "protocol": port["protocol"] ?? "TCP"]
                    }
                }
            ),
            // Sooner than a sidecar's: an installation waits for it.
            "readinessProbe": ["periodSeconds": 1, "failureThreshold": 30],
        ]
        for member in ["resources", "imagePullPolicy", "env"] { container[member] = gateway.kubernetes[member] }
        container["volumeMounts"] = .array(try mounts(gateway))
        if let probe = gateway.kubernetes["readinessProbe"] { container["readinessProbe"] = probe }
        return container
    }
}
