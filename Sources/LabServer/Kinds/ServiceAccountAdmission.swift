import JSON
import Kubernetes

/// Gives every pod a service account, and its containers the token of that account.
enum ServiceAccountAdmission {
    private static let mountPath = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// - Throws: ``StatusError`` (403) when the account is not there.
    static func admit(_ pod: inout JSON, index: StoreIndex) throws {
        let name = pod["spec", "serviceAccountName"]?.string ?? ""
        let account = name.isEmpty ? "default" : name
        pod["spec", "serviceAccountName"] = .string(account)
        pod["spec", "serviceAccount"] = .string(account)
        let namespace = pod.metadata.namespace
        let key = StorageKey(resource: "/serviceaccounts", namespace: namespace, name: account)
        guard let stored = index[key]?.value else {
            throw StatusError.forbidden(
                .pods,
                pod.metadata.name,
                "error looking up service account \(namespace)/\(account): serviceaccount \"\(account)\" not found"
            )
        }
        let mounts =
            pod["spec", "automountServiceAccountToken"]?.bool ?? stored["automountServiceAccountToken"]?.bool ?? true
        if mounts { pod.change("spec", mountToken) }
    }

    private static func mountToken(_ spec: inout JSON) {
        let volumes = spec["volumes"]?.array ?? []
        let existing = volumes.compactMap { $0["name"]?.string }.first { $0.hasPrefix("kube-api-access-") }
        let volume = existing ?? "kube-api-access-\(MetadataRules.randomSuffix())"
        var isMounted = false
        for list in ["initContainers", "containers"] {
            spec.changeEach(list) { container in
                var mounts = container["volumeMounts"]?.array ?? []
                if mounts.contains(where: { $0["mountPath"]?.string == mountPath }) { return }
                mounts.append(["name": .string(volume), "readOnly": true, "mountPath": .string(mountPath)])
                container["volumeMounts"] = .array(mounts)
                isMounted = true
            }
        }
        if isMounted, existing == nil { spec["volumes"] = .array(volumes + [tokenVolume(volume)]) }
    }

    private static func tokenVolume(_ name: String) -> JSON {
        let namespace: JSON = [
            "path": "namespace", "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"],
        ]
        return [
            "name": .string(name),
            "projected": [
                "defaultMode": 0o644,
                "sources": [
                    ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
                    [
                        "configMap": [
                            "name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]],
                        ]
                    ],
                    ["downwardAPI": ["items": [namespace]]],
                ],
            ],
        ]
    }
}
