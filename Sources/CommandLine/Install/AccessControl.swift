internal import JSON

/// The control plane's account and what it may do with the Kubernetes API.
struct AccessControl {
    private let installation: Installation

    init(_ installation: Installation) { self.installation = installation }

    private var namespace: String { installation.namespace }
    private var account: String { installation.serviceName }

    var objects: [JSON] {
        let suffix = installation.revision.isEmpty ? namespace : "\(installation.revision)-\(namespace)"
        return [
            serviceAccount,
            object("ClusterRole", "istiod-clusterrole-\(suffix)", ["rules": .array(Self.clusterRules)]),
            binding(
                "ClusterRoleBinding",
                "istiod-clusterrole-\(suffix)",
                to: "ClusterRole",
                "istiod-clusterrole-\(suffix)"
            ),
            inNamespace(object("Role", account, ["rules": .array(Self.namespaceRules)])),
            inNamespace(binding("RoleBinding", account, to: "Role", account)),
        ]
    }

    private var serviceAccount: JSON {
        inNamespace(["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": .string(account)]])
    }

    private func object(_ kind: String, _ name: String, _ content: JSON) -> JSON {
        var object = content
        object["apiVersion"] = "rbac.authorization.k8s.io/v1"
        object["kind"] = .string(kind)
        object["metadata"] = ["name": .string(name), "labels": ["app": "istiod"]]
        return object
    }

    private func binding(_ kind: String, _ name: String, to roleKind: String, _ role: String) -> JSON {
        object(
            kind,
            name,
            [
                "roleRef": [
                    "apiGroup": "rbac.authorization.k8s.io", "kind": .string(roleKind), "name": .string(role),
                ],
                "subjects": [
                    ["kind": "ServiceAccount", "name": .string(account), "namespace": .string(namespace)]
                ],
            ]
        )
    }

    private func inNamespace(_ object: JSON) -> JSON {
        var object = object
        object["metadata", "namespace"] = .string(namespace)
        return object
    }

    private static func rule(_ groups: [String], _ resources: [String], _ verbs: String) -> JSON {
        [
            "apiGroups": .strings(groups), "resources": .strings(resources),
            "verbs": .strings(verbs.split(separator: " ").map(String.init)),
        ]
    }

    private static let meshGroups = [
        "networking.istio.io", "security.istio.io", "authentication.istio.io", "telemetry.istio.io",
        "extensions.istio.io",
    ]

    private static let clusterRules: [JSON] = [
        rule(
            ["admissionregistration.k8s.io"],
            ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
            "get list watch update patch"
        ),
        rule(meshGroups, ["*"], "get list watch"),
        rule(meshGroups, ["*/status"], "update patch"),
        rule(["apiextensions.k8s.io"], ["customresourcedefinitions"], "get list watch"),
        rule([""], ["pods", "nodes", "services", "namespaces", "endpoints", "serviceaccounts"], "get list watch"),
        rule(["discovery.k8s.io"], ["endpointslices"], "get list watch"),
        rule(["apps"], ["deployments", "replicasets"], "get list watch"),
        // The roots go into a ConfigMap of every namespace.
        rule([""], ["configmaps"], "create get list watch update patch"),
        // The certificates of gateways, which are given to those only whose account may read them itself.
        rule([""], ["secrets"], "get list watch"),
        rule(["authentication.k8s.io"], ["tokenreviews"], "create"),
        rule(["authorization.k8s.io"], ["subjectaccessreviews"], "create"),
        rule([""], ["events"], "create patch"),
    ]

    /// Only in its own namespace does it write: the key of the mesh's CA is there.
    private static let namespaceRules: [JSON] = [
        rule([""], ["secrets"], "create get list watch update patch delete"),
        rule(["coordination.k8s.io"], ["leases"], "create get list watch update patch"),
    ]
}
