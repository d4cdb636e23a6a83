internal import Injection
internal import JSON
internal import Kubernetes

/// Makes one object what it should be, leaving alone what others own in it.
struct ObjectUpdate {
    let api: any KubernetesAPI
    let type: ResourceType
    let namespace: String?
    let name: String

    func apply(_ wanted: JSON) async throws {
        let live: JSON
        do {
            live = try await api.get(type, namespace: namespace, name: name)
        } catch let error as StatusError where error.isNotFound {
            _ = try await api.create(type, namespace: namespace, wanted)
            return
        }
        let merged = Self.merge(wanted, into: live)
        if merged != live { _ = try await api.update(type, namespace: namespace, subresource: nil, merged) }
    }

    /// `live` with everything that `wanted` says.
    ///
    /// The data of a ConfigMap and the spec of the mesh's own kinds are replaced as a whole, so that what an earlier
    /// installation said does not stay. What the control plane wrote into its webhooks stays.
    static func merge(_ wanted: JSON, into live: JSON) -> JSON {
        var merged = live.merged(with: wanted)
        if let data = wanted["data"] { merged["data"] = data }
        if wanted["apiVersion"]?.string?.contains("istio.io/") == true { merged["spec"] = wanted["spec"] }
        if let webhooks = merged["webhooks"]?.array {
            merged["webhooks"] = .array(webhooks.map { keepingBundle($0, from: live) })
        }
        return merged
    }

    private static func keepingBundle(_ webhook: JSON, from live: JSON) -> JSON {
        let before = live["webhooks"]?.array?.first { $0["name"] == webhook["name"] }
        guard let before, let bundle = before["clientConfig", "caBundle"] else { return webhook }
        // Defaults of the server are part of the live one; without them each installation would be a change.
        var result = before.merged(with: webhook)
        result["clientConfig", "caBundle"] = bundle
        result["failurePolicy"] = before["failurePolicy"]
        return result
    }
}
