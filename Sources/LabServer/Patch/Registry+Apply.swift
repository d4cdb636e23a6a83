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
        guard !context.fieldManager.isEmpty else {
            let error = FieldError.required("fieldManager", "is required for apply patch")
            throw StatusError.invalidOptions("PatchOptions", error)
        }
        guard configuration["metadata", "managedFields"] == nil else {
            throw StatusError.badRequest("metadata.managedFields must be nil")
        }
        guard configuration.apiVersion == definition.type.apiVersion else {
            throw StatusError.badRequest(
                "Incorrect version specified in apply patch. Specified patch version: \(configuration.apiVersion), expected: \(definition.type.apiVersion)"
            )
        }
        try Self.checkIdentity(configuration, definition, namespace: namespace, name: name)
        var configuration = try checked(configuration, definition, context)
        if definition.subresources.contains("status"), subresource.isEmpty { configuration["status"] = nil }
        let applied = configuration
        let merge: @Sendable (JSON) throws -> JSON = { current in
            try Self.applied(applied, to: current, definition, subresource: subresource, context)
        }
        let key = definition.key(namespace: namespace, name: name)
        if store.index[key] == nil, subresource.isEmpty {
            do {
                var object = applied
                object["metadata", "name"] = .string(name)
                return try await create(definition, namespace: namespace, try merge(object), context)
            } catch let error as StatusError where error.alreadyExists {
                // Made meanwhile: it is changed instead.
            }
        }
        return try await change(
            definition,
            namespace: namespace,
            name: name,
            subresource: subresource,
            context,
            make: merge
        )
    }

    /// The configuration as its kind has it, without defaults, for those are not the manager's fields.
    private func checked(
        _ configuration: JSON,
        _ definition: ResourceDefinition,
        _ context: RequestContext
    ) throws -> JSON {
        _ = try decode(configuration, definition, context)  // Tells of unknown fields and wrong types.
        var object = configuration
        switch definition.schema {
        case .builtIn(let name):
            var check = SchemaCheck()
            object = try check.read(object, as: name, kind: definition.type.kind, version: definition.type.version)
        case .custom(let schema): _ = schema.prune(&object)
        }
        return object
    }

    private static func applied(
        _ configuration: JSON,
        to current: JSON,
        _ definition: ResourceDefinition,
        subresource: String,
        _ context: RequestContext
    ) throws -> JSON {
        let (node, manager) = (definition.schema.node, context.fieldManager)
        var ownership = FieldOwnership(current["metadata", "managedFields"])
        let fields = FieldSet(of: configuration, node)
        try resolveConflicts(&ownership, fields, configuration, current, definition, subresource, context)
        var result = current.applied(configuration, node)
        // What the manager named before and nobody else owns goes with its wish; an element of a list goes as a whole.
        for path in ownership.applied(by: manager, subresource: subresource).paths
        where !fields.contains(path) && ownership.others(of: path, than: manager, subresource: subresource).isEmpty {
            result.removeValue(at: path[...], node)
        }
        ownership.set(
            fields,
            manager: manager,
            operation: "Apply",
            subresource: subresource,
            apiVersion: definition.type.apiVersion
        )
        result["metadata", "managedFields"] = ownership.managedFields
        result["metadata", "resourceVersion"] = configuration["metadata", "resourceVersion"]
        return result
    }

    private static func resolveConflicts(
        _ ownership: inout FieldOwnership,
        _ fields: FieldSet,
        _ configuration: JSON,
        _ current: JSON,
        _ definition: ResourceDefinition,
        _ subresource: String,
        _ context: RequestContext
    ) throws {
        let node = definition.schema.node
        var conflicts: [(owner: Int, path: [String])] = []
        // An element of a list is more than its keys; what differs in it is a path of its own.
        for path in fields.paths where path.last?.hasPrefix("k:") != true {
            guard configuration.value(at: path[...], node) != current.value(at: path[...], node) else { continue }
            for owner in ownership.others(of: path, than: context.fieldManager, subresource: subresource) {
                conflicts.append((owner, path))
            }
        }
        guard !conflicts.isEmpty else { return }
        if context.isForced {
            for conflict in conflicts { ownership.remove(conflict.path, from: conflict.owner) }
            return
        }
        throw conflictError(conflicts, ownership)
    }

    private static func conflictError(
        _ conflicts: [(owner: Int, path: [String])],
        _ ownership: FieldOwnership
    ) -> StatusError {
        let byOwner = Dictionary(grouping: conflicts, by: \.owner).sorted { $0.key < $1.key }
        let texts = byOwner.map { owner, conflicts in
            let paths = conflicts.map { FieldSet.text($0.path) }
            let list = paths.count == 1 ? " \(paths[0])" : paths.map { "\n- \($0)" }.joined()
            return "\(ownership.owners[owner].description):\(list)"
        }
        let count = conflicts.count == 1 ? "1 conflict" : "\(conflicts.count) conflicts"
        let causes = conflicts.map { conflict -> JSON in
            [
                "reason": "FieldManagerConflict",
                "message": .string(ownership.owners[conflict.owner].description),
                "field": .string(FieldSet.text(conflict.path)),
            ]
        }
        return StatusError(
            code: 409,
            reason: "Conflict",
            message: "Apply failed with \(count): \(texts.joined(separator: "\n"))",
            details: ["causes": .array(causes)]
        )
    }
}
