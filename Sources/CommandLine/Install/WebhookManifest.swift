internal import JSON

/// What makes the API server ask the control plane: injection and validation.
///
/// The CA bundles are empty here; the control plane fills them in when its own certificate is there.
struct WebhookManifest {
    private let installation: Installation

    init(_ installation: Installation) { self.installation = installation }

    private var suffix: String { installation.revision.isEmpty ? "" : "-\(installation.revision)" }

    var objects: [JSON] { [injection, validation] }

    private func client(_ path: String) -> JSON {
        [
            "service": [
                "name": .string(installation.serviceName), "namespace": .string(installation.namespace),
                "path": .string(path), "port": 443,
            ]
        ]
    }

    private func labels(_ app: String) -> JSON { ["app": .string(app), "istio": "pilot"] }

    /// The name of the configuration for injection.
    static func injectionName(_ installation: Installation) -> String {
        let revision = installation.revision.isEmpty ? "" : "-\(installation.revision)"
        let namespace = installation.namespace == "istio-system" ? "" : "-\(installation.namespace)"
        return "istio-sidecar-injector\(revision)\(namespace)"
    }

    private var injection: JSON {
        [
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": ["name": .string(Self.injectionName(installation)), "labels": labels("sidecar-injector")],
            "webhooks": .array(injectionWebhooks),
        ]
    }

    /// Who is asked about, by the labels of namespace and pod; no pod matches two of them.
    private var injectionWebhooks: [JSON] {
        let revision = JSON.string(installation.revisionLabel)
        var webhooks = [
            webhook(
                "rev.namespace",
                namespace: [isIn("istio.io/rev", [revision]), isAbsent("istio-injection")],
                pod: [isNotIn("sidecar.istio.io/inject", ["false"])]
            ),
            webhook(
                "rev.object",
                namespace: [isAbsent("istio.io/rev"), isAbsent("istio-injection")],
                pod: [isNotIn("sidecar.istio.io/inject", ["false"]), isIn("istio.io/rev", [revision])]
            ),
        ]
        guard installation.revision.isEmpty else { return webhooks }
        webhooks.append(
            webhook(
                "namespace",
                namespace: [isIn("istio-injection", ["enabled"])],
                pod: [isNotIn("sidecar.istio.io/inject", ["false"])]
            )
        )
        webhooks.append(
            webhook(
                "object",
                namespace: [isAbsent("istio-injection"), isAbsent("istio.io/rev")],
                pod: [isIn("sidecar.istio.io/inject", ["true"]), isAbsent("istio.io/rev")]
            )
        )
        if installation.values["sidecarInjectorWebhook", "enableNamespacesByDefault"]?.bool == true {
            webhooks.append(
                webhook(
                    "auto",
                    namespace: [
                        isAbsent("istio-injection"), isAbsent("istio.io/rev"),
                        isNotIn(
                            "kubernetes.io/metadata.name",
                            ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"]
                        ),
                    ],
                    pod: [isAbsent("sidecar.istio.io/inject"), isAbsent("istio.io/rev")]
                )
            )
        }
        return webhooks
    }

    private func webhook(_ name: String, namespace: [JSON], pod: [JSON]) -> JSON {
        [
            "name": .string("\(name).sidecar-injector.istio.io"), "clientConfig": client("/inject"),
            "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Fail",
            "reinvocationPolicy": installation.values["sidecarInjectorWebhook", "reinvocationPolicy"] ?? "Never",
            "rules": [
                ["operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]]
            ],
            "namespaceSelector": ["matchExpressions": .array(namespace)],
            "objectSelector": ["matchExpressions": .array(pod)],
        ]
    }

    private func isIn(_ key: String, _ values: [JSON]) -> JSON { expression(key, "In", values) }
    private func isNotIn(_ key: String, _ values: [JSON]) -> JSON { expression(key, "NotIn", values) }
    private func isAbsent(_ key: String) -> JSON { ["key": .string(key), "operator": "DoesNotExist"] }
    private func expression(_ key: String, _ verb: String, _ values: [JSON]) -> JSON {
        ["key": .string(key), "operator": .string(verb), "values": .array(values)]
    }

    private var validation: JSON {
        let groups: JSON = [
            "security.istio.io", "networking.istio.io", "authentication.istio.io", "telemetry.istio.io",
            "extensions.istio.io",
        ]
        return [
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": [
                "name": .string("istio-validator\(suffix)-\(installation.namespace)"), "labels": labels("istiod"),
            ],
            "webhooks": [
                [
                    "name": "rev.validation.istio.io", "clientConfig": client("/validate"), "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    // Until the control plane answers; it then changes this to Fail.
                    "failurePolicy": "Ignore",
                    "rules": [
                        [
                            "operations": ["CREATE", "UPDATE"], "apiGroups": groups, "apiVersions": ["*"],
                            "resources": ["*"],
                        ]
                    ],
                    "objectSelector": [
                        "matchExpressions": installation.revision.isEmpty
                            ? [] : [isIn("istio.io/rev", [.string(installation.revision)])]
                    ],
                ]
            ],
        ]
    }
}
