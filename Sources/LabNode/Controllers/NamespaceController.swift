internal import Base
internal import JSON
internal import Kubernetes

/// Gives every namespace what pods rely on, and empties those that are to go.
struct NamespaceController: Sendable {
    let api: any KubernetesAPI
    /// All namespaced resources that the server has, those of custom resource definitions included.
    let namespacedTypes: @Sendable () async -> [ResourceType]
    /// The certificate, in PEM, that pods check the API server's with.
    let rootCertificate: String

    func reconcile(_ key: ObjectKey) async throws -> Duration? {
        let namespace: JSON
        do {
            namespace = try await api.get(.namespaces, namespace: nil, name: key.name)
        } catch let error as StatusError where error.isNotFound {
            return nil
        }
        if namespace.metadata.isBeingDeleted { return try await empty(namespace) }
        try await create(
            .serviceAccounts,
            ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "default"]],
            key.name
        )
        let map: JSON = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": [
                "name": "kube-root-ca.crt",
                "annotations": [
                    "kubernetes.io/description": .string(
                        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal "
                            + "endpoints such as the internal service IP or kubernetes.default.svc."
                    )
                ],
            ],
            "data": ["ca.crt": .string(rootCertificate)],
        ]
        try await create(.configMaps, map, key.name)
        return nil
    }

    private func create(_ type: ResourceType, _ object: JSON, _ namespace: String) async throws {
        do {
            _ = try await api.get(type, namespace: namespace, name: object.metadata.name)
        } catch let error as StatusError where error.isNotFound {
            do {
                _ = try await api.create(type, namespace: namespace, object)
            } catch let error as StatusError where error.alreadyExists {
                return
            }
        }
    }

    /// Deletes all there is; the namespace itself when nothing is left.
    ///
    /// - Returns: When to look again, because something takes time to go.
    private func empty(_ namespace: JSON) async throws -> Duration? {
        let name = namespace.metadata.name
        var remaining: [String] = []
        // Those that would make new ones go before what they make.
        let order = ["deployments", "jobs", "replicasets", "pods"]
        let types = await namespacedTypes().sorted {
            (order.firstIndex(of: $0.plural) ?? order.count) < (order.firstIndex(of: $1.plural) ?? order.count)
        }
        for type in types {
            let objects: [JSON]
            do {
                objects = try await api.list(type, namespace: name, labelSelector: nil, fieldSelector: nil).items
            } catch let error as StatusError where error.isNotFound || error.code == 405 {
                continue  // Its definition went meanwhile, or it cannot be listed.
            }
            for object in objects where !object.metadata.isBeingDeleted {
                do {
                    try await api.delete(type, namespace: name, name: object.metadata.name, gracePeriodSeconds: nil)
                } catch let error as StatusError where error.isNotFound {
                    continue
                }
            }
            let left = try await api.list(type, namespace: name, labelSelector: nil, fieldSelector: nil).items.count
            if left > 0 { remaining.append("\(type) has \(left) resource instances") }
        }
        guard remaining.isEmpty else {
            try await report(remaining, namespace)
            return .milliseconds(100)
        }
        var namespace = try await api.get(.namespaces, namespace: nil, name: name)
        namespace["spec", "finalizers"] = .array([])
        _ = try await api.update(.namespaces, namespace: nil, subresource: "finalize", namespace)
        return nil
    }

    private func report(_ remaining: [String], _ namespace: JSON) async throws {
        let message = "Some resources are remaining: \(remaining.joined(separator: ", "))"
        let old = PodTemplate.condition("NamespaceContentRemaining", of: namespace)
        if old?["message"]?.string == message { return }
        let condition: JSON = [
            "type": "NamespaceContentRemaining", "status": "True", "reason": "SomeResourcesRemain",
            "message": .string(message), "lastTransitionTime": .string("\(Timestamp.now)"),
        ]
        _ = try await api.patch(
            .namespaces,
            namespace: nil,
            name: namespace.metadata.name,
            subresource: "status",
            .merge,
            ["status": ["conditions": [condition]]]
        )
    }
}
