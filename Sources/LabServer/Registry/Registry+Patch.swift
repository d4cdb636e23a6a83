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
        let node = definition.schema.node
        if type == .strategicMerge, case .custom = definition.schema {
            throw StatusError(
                code: 415,
                reason: "UnsupportedMediaType",
                message:
                    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
            )
        }
        return try await change(
            definition,
            namespace: namespace,
            name: name,
            subresource: subresource,
            context
        ) { current in
            var patched: JSON =
                switch type {
                case .json: try JSONPatch(patch).apply(to: current)
                case .merge: current.merged(with: patch)
                case .strategicMerge: try StrategicMergePatch.apply(patch, to: current, schema: node)
                case .apply: current
                }
            // A patch speaks of the version it saw only when it names one.
            if patched["metadata", "resourceVersion"] == current["metadata", "resourceVersion"], type != .json,
                patch["metadata", "resourceVersion"] == nil
            {
                patched["metadata", "resourceVersion"] = nil
            }
            // Tells of unknown fields; the change itself reads the object again.
            _ = try self.decode(patched, definition, context)
            return patched
        }
    }
}
