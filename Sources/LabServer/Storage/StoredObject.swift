import JSON
import Kubernetes

/// An object as committed, with the revision of its last write, which its `metadata.resourceVersion` repeats.
struct StoredObject: Sendable {
    let value: JSON
    let revision: Int64
}

/// One committed write.
struct Change: Sendable {
    let key: StorageKey
    let revision: Int64
    /// nil when the write created the object.
    let old: StoredObject?
    /// nil when the write removed the object.
    let new: StoredObject?

    /// Whether the object was removed by the write, or begins to be.
    var isDeletion: Bool {
        guard let new else { return true }
        return new.value.metadata.isBeingDeleted && old?.value.metadata.isBeingDeleted != true
    }
}
