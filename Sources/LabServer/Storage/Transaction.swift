import JSON

/// The objects as one write sees them: what is committed, under what the writes of this batch have changed so far.
struct Transaction {
    private let committed: StoreIndex
    private var overlay: [StorageKey: StoredObject?] = [:]
    private(set) var changes: [Change] = []
    private(set) var revision: Int64

    init(committed: StoreIndex) {
        self.committed = committed
        revision = committed.revision
    }

    /// The object as this write would find it.
    subscript(key: StorageKey) -> StoredObject? {
        if let changed = overlay[key] { return changed }
        return committed[key]
    }

    /// All objects of a resource, in no order.
    func objects(of resource: String, namespace: String? = nil) -> [StorageKey: StoredObject] {
        var objects = committed.objects(of: resource)
        for (key, value) in overlay where key.resource == resource { objects[key] = value }
        guard let namespace else { return objects }
        return objects.filter { $0.key.namespace == namespace }
    }

    /// Writes the object; the result carries its new resource version.
    @discardableResult
    mutating func put(_ key: StorageKey, _ object: JSON) -> JSON {
        revision += 1
        var object = object
        object["metadata", "resourceVersion"] = .string(String(revision))
        record(key, StoredObject(value: object, revision: revision))
        return object
    }

    /// Removes the object; the result is its last state, which carries the resource version of the removal.
    @discardableResult
    mutating func remove(_ key: StorageKey) -> JSON? {
        guard var last = self[key]?.value else { return nil }
        revision += 1
        last["metadata", "resourceVersion"] = .string(String(revision))
        record(key, nil)
        return last
    }

    private mutating func record(_ key: StorageKey, _ new: StoredObject?) {
        changes.append(Change(key: key, revision: revision, old: self[key], new: new))
        overlay[key] = .some(new)
    }
}
