import JSON
import Kubernetes

/// The roles every cluster has.
enum DefaultRoles {
    private static let reading: JSON = ["get", "list", "watch"]
    private static let writing: JSON = ["create", "delete", "deletecollection", "patch", "update"]

    static let clusterRoles: [JSON] = [
        role("cluster-admin", [all, ["verbs": ["*"], "nonResourceURLs": ["*"]]]),
        role("admin", namespaced(reading) + namespaced(writing) + rbac(reading) + rbac(writing)),
        role("edit", namespaced(reading) + namespaced(writing)),
        role("view", namespaced(reading, withSecrets: false)),
        role(
            "system:basic-user",
            [
                rule("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
                rule("authentication.k8s.io", ["selfsubjectreviews"], ["create"]),
            ]
        ),
        role(
            "system:discovery",
            [
                [
                    "verbs": ["get"],
                    "nonResourceURLs": [
                        "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz",
                        "/version", "/version/",
                    ],
                ]
            ]
        ),
        role(
            "system:public-info-viewer",
            [["verbs": ["get"], "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"]]]
        ),
        role(
            "system:auth-delegator",
            [
                rule("authentication.k8s.io", ["tokenreviews"], ["create"]),
                rule("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
            ]
        ),
    ]

    static let clusterRoleBindings: [JSON] = [
        binding("cluster-admin", ["system:masters"]),
        binding("system:basic-user", ["system:authenticated"]),
        binding("system:discovery", ["system:authenticated"]),
        binding("system:public-info-viewer", ["system:authenticated", "system:unauthenticated"]),
    ]

    private static let all: JSON = ["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]]

    private static func rule(_ group: JSON, _ resources: JSON, _ verbs: JSON) -> JSON {
        ["verbs": verbs, "apiGroups": [group], "resources": resources]
    }

    /// What lives in a namespace and belongs to applications.
    private static func namespaced(_ verbs: JSON, withSecrets: Bool = true) -> [JSON] {
        var core: [String] = [
            "configmaps", "endpoints", "events", "pods", "pods/log", "pods/status", "serviceaccounts", "services",
        ]
        if withSecrets {
            core += [
                "secrets", "pods/exec", "pods/attach", "pods/portforward", "pods/eviction", "serviceaccounts/token",
            ]
        }
        return [
            rule("", .strings(core), verbs),
            rule(
                "apps",
                [
                    "deployments", "deployments/scale", "deployments/status", "replicasets", "replicasets/scale",
                    "replicasets/status",
                ],
                verbs
            ),
            rule("batch", ["jobs", "jobs/status"], verbs), rule("discovery.k8s.io", ["endpointslices"], verbs),
            rule("policy", ["poddisruptionbudgets"], verbs),
        ]
    }

    private static func rbac(_ verbs: JSON) -> [JSON] {
        [rule("rbac.authorization.k8s.io", ["roles", "rolebindings"], verbs)]
    }

    private static func role(_ name: JSON, _ rules: [JSON]) -> JSON {
        ["metadata": metadata(name), "rules": .array(rules)]
    }

    private static func binding(_ name: JSON, _ groups: [JSON]) -> JSON {
        [
            "metadata": metadata(name),
            "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name],
            "subjects": .array(
                groups.map { ["apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": $0] }
            ),
        ]
    }

    private static func metadata(_ name: JSON) -> JSON {
        ["name": name, "labels": ["kubernetes.io/bootstrapping": "rbac-defaults"]]
    }
}
