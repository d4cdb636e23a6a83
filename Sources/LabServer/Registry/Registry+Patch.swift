import JSON
import Kubernetes

extension Registry {
    func patch(
        _ definition: ResourceDefinition,
        namespace: String?,
        name: String,
        subresource: String = "",
        _ type: PatchType,
        _ patch: JSON,
        _ context: RequestContext
    ) async throws -> JSON {
        if type == .apply {
            return try await apply(
                definition,
                namespace: namespace,
                name: name,
                subresource: subresource,
                patch,
                context
            )
        }
        if type == .strategicMerge, case .custom = definition.schema { throw Self.noStrategicMerge }
        return try await change(
            definition,
            namespace: namespace,
            name: name,
            subresource: subresource,
            context
        ) { current in
            let patched = try Self.patched(current, patch, type, definition.schema.node)
            try Self.checkIdentity(patched, definition, namespace: namespace, name: name)
            // Tells of unknown fields; the change itself reads the object again.
            _ = try self.decode(patched, definition, context)
            return patched
        }
    }

    private static func patched(_ current: JSON, _ patch: JSON, _ type: PatchType, _ node: SchemaNode) throws -> JSON {
        var patched: JSON
        switch type {
        case .json: return try JSONPatch(patch).apply(to: current)
        case .merge, .apply: patched = current.merged(with: patch)
        case .strategicMerge: patched = try StrategicMergePatch.apply(patch, to: current, schema: node)
        }
        // A patch speaks of the version it saw only when it names one.
        patched["metadata", "resourceVersion"] = patch["metadata", "resourceVersion"]
        return patched
    }

    private static let noStrategicMerge = StatusError(
        code: 415,
        reason: "UnsupportedMediaType",
        message:
            "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    )
}
