import JSON

/// Everything committed, in memory; a value, so that a reader keeps a consistent view for free.
struct StoreIndex: Sendable {
    private var resources: [String: [StorageKey: StoredObject]] = [:]
    /// Of the last committed write.
    private(set) var revision: Int64

    init(objects: [StorageKey: StoredObject], revision: Int64) {
        self.revision = revision
        for (key, object) in objects { resources[key.resource, default: [:]][key] = object }
    }

    subscript(key: StorageKey) -> StoredObject? { resources[key.resource]?[key] }

    /// All objects of a resource, in no order.
    func objects(of resource: String) -> [StorageKey: StoredObject] { resources[resource] ?? [:] }

    /// The resources that have objects.
    var resourceNames: [String] { resources.filter { !$0.value.isEmpty }.map(\.key) }

    mutating func apply(_ changes: [Change]) {
        for change in changes {
            resources[change.key.resource, default: [:]][change.key] = change.new
            revision = change.revision
        }
    }
}
