/// Where an object is stored, whatever API version it is read through.
struct StorageKey: Hashable, Sendable, Comparable {
    /// Group and plural of the stored resource, such as `apps/deployments`; the core group is empty: `/pods`.
    let resource: String
    /// Empty for an object of the cluster.
    let namespace: String
    let name: String

    static func < (left: Self, right: Self) -> Bool {
        (left.resource, left.namespace, left.name) < (right.resource, right.namespace, right.name)
    }
}
