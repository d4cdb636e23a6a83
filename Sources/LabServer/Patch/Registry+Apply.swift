import JSON
import Kubernetes

extension Registry {
    /// Server-side apply: the object gets the fields of `configuration`, and loses those its manager no longer names.
    func apply(
        _ definition: ResourceDefinition,
        namespace: String?,
        name: String,
        subresource: String,
        _ configuration: JSON,
        _ context: RequestContext
    ) async throws -> JSON {
        throw StatusError.methodNotAllowed()
    }
}
