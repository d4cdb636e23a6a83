internal import JSON

/// The volumes of a sidecar and where it finds them.
enum ProxyVolumes {
    static let volumes: [JSON] = [
        ["name": "workload-socket", "emptyDir": [:]],
        ["name": "credential-socket", "emptyDir": [:]],
        ["name": "workload-certs", "emptyDir": [:]],
        ["name": "istio-envoy", "emptyDir": ["medium": "Memory"]],
        ["name": "istio-data", "emptyDir": [:]],
        ["name": "istio-podinfo", "downwardAPI": ["items": [item("labels"), item("annotations")]]],
        ["name": "istio-token", "projected": ["sources": [["serviceAccountToken": token]]]],
        ["name": "istiod-ca-cert", "configMap": ["name": "istio-ca-root-cert"]],
        ["name": "istio-ca-crl", "configMap": ["name": "istio-ca-crl", "optional": true]],
    ]

    static let mounts: [JSON] = [
        mount("workload-socket", "/var/run/secrets/workload-spiffe-uds"),
        mount("credential-socket", "/var/run/secrets/credential-uds"),
        mount("workload-certs", "/var/run/secrets/workload-spiffe-credentials"),
        mount("istiod-ca-cert", "/var/run/secrets/istio"),
        mount("istio-ca-crl", "/var/run/secrets/istio/crl"),
        mount("istio-data", "/var/lib/istio/data"),
        mount("istio-envoy", "/etc/istio/proxy"),
        mount("istio-token", "/var/run/secrets/tokens"),
        mount("istio-podinfo", "/etc/istio/pod"),
    ]

    private static let token: JSON = ["audience": "istio-ca", "expirationSeconds": 43200, "path": "istio-token"]

    /// With its defaults, so that `kubectl apply` of an injected file finds nothing to change the second time.
    private static func item(_ name: String) -> JSON {
        ["path": .string(name), "fieldRef": ["apiVersion": "v1", "fieldPath": .string("metadata.\(name)")]]
    }

    private static func mount(_ name: String, _ path: String) -> JSON {
        ["name": .string(name), "mountPath": .string(path)]
    }
}
