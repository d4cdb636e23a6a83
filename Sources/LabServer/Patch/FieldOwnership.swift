import JSON
import Kubernetes

/// Who owns which fields of an object that server-side apply manages (`metadata.managedFields`).
enum FieldOwnership {
    /// Gives the fields that a plain update changed to who made it.
    static func recordUpdate(
        _ object: inout JSON,
        old: JSON,
        _ definition: ResourceDefinition,
        subresource: String,
        _ context: RequestContext
    ) {
    }
}
