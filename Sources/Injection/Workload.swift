public import JSON

/// What a pod belongs to, as telemetry names it.
public struct Workload: Hashable, Sendable {
    public var name: String
    /// Such as `Deployment`.
    public var kind: String
    /// Such as `apps/v1`.
    public var apiVersion: String

    public init(name: String, kind: String, apiVersion: String) {
        self.name = name
        self.kind = kind
        self.apiVersion = apiVersion
    }

    /// The controller of a pod; for a ReplicaSet made by a Deployment, the Deployment.
    public init(ownerOf pod: JSON) {
        let owners = pod["metadata"]?.elements("ownerReferences") ?? []
        guard let owner = owners.first(where: { $0["controller"]?.bool == true }) ?? owners.first else {
            let generated = pod["metadata", "generateName"]?.string.map { String($0.dropLast()) }
            self.init(name: pod["metadata", "name"]?.string ?? generated ?? "", kind: "Pod", apiVersion: "v1")
            return
        }
        let hash = pod["metadata", "labels", "pod-template-hash"]?.string ?? ""
        if owner["kind"]?.string == "ReplicaSet", !hash.isEmpty, owner.name.hasSuffix("-\(hash)") {
            self.init(name: String(owner.name.dropLast(hash.count + 1)), kind: "Deployment", apiVersion: "apps/v1")
        } else {
            self.init(
                name: owner.name,
                kind: owner["kind"]?.string ?? "",
                apiVersion: owner["apiVersion"]?.string ?? ""
            )
        }
    }

    /// The value of `ISTIO_META_OWNER`; `namespace` may be a reference to another variable.
    func ownerURL(namespace: String) -> String {
        "kubernetes://apis/\(apiVersion)/namespaces/\(namespace)/\(kind.lowercased())s/\(name)"
    }
}
