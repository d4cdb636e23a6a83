internal import Base
internal import JSON
internal import Kubernetes

/// A pod as people name it: `pod`, `pod.namespace`, `deploy/name`, `deploy/name.namespace`, or an app's `name.namespace`.
struct PodReference {
    let kind: String
    let name: String
    let namespace: String

    /// - Parameter namespace: Where the pod is when the text does not say.
    init(_ text: String, namespace: String) {
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        kind = parts.count == 2 ? parts[0] : "pod"
        let full = parts.last ?? ""
        if let dot = full.lastIndex(of: ".") {
            name = String(full[..<dot])
            self.namespace = String(full[full.index(after: dot)...])
        } else {
            name = full
            self.namespace = namespace
        }
    }

    /// The pod itself; of several that belong to a Deployment, the first by name that runs.
    ///
    /// - Throws: `notFound` with the names that there are.
    func resolve(_ api: any KubernetesAPI) async throws -> JSON {
        if kind == "pod" || kind == "pods" || kind == "po" {
            do {
                return try await api.get(.pods, namespace: namespace, name: name)
            } catch let error as StatusError where error.isNotFound {
                if let pod = try await first(api, labelSelector: "app=\(name)") { return pod }
                throw try await missing(api)
            }
        }
        guard ["deploy", "deployment", "deployments", "deployment.apps"].contains(kind) else {
            throw MeshError(.invalidConfiguration, "\(kind)/\(name): name a pod or a deployment")
        }
        let deployment = try await api.get(.deployments, namespace: namespace, name: name)
        let labels = deployment["spec", "selector", "matchLabels"]?.strings ?? [:]
        let selector = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        if let pod = try await first(api, labelSelector: selector) { return pod }
        throw MeshError(.notFound, "deployment \(name) in namespace \(namespace) has no running pod")
    }

    private func first(_ api: any KubernetesAPI, labelSelector: String) async throws -> JSON? {
        let list = try await api.list(.pods, namespace: namespace, labelSelector: labelSelector, fieldSelector: nil)
        return list.items.filter { $0["status", "phase"]?.string == "Running" }
            .filter { $0["metadata", "deletionTimestamp"] == nil }
            .min { ($0["metadata", "name"]?.string ?? "") < ($1["metadata", "name"]?.string ?? "") }
    }

    private func missing(_ api: any KubernetesAPI) async throws -> MeshError {
        let pods = try await api.list(.pods, namespace: namespace, labelSelector: nil, fieldSelector: nil).items
        let names = pods.compactMap { $0["metadata", "name"]?.string }
        let hint = Spelling.nearest(to: name, among: names) ?? names.first { $0.hasPrefix(name) }
        return MeshError(
            .notFound,
            "pod \(name) not found in namespace \(namespace)"
                + (hint.map { "; did you mean \($0).\(namespace)?" } ?? "")
        )
    }
}
