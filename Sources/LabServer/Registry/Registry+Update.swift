import JSON
import Kubernetes

extension Registry {
    /// How often a change that does not name the version it replaces is tried again after another came between.
    private static let attempts = 10

    /// Replaces the object, or its part that `subresource` names.
    func update(
        _ definition: ResourceDefinition,
        namespace: String?,
        name: String,
        subresource: String = "",
        _ object: JSON,
        _ context: RequestContext
    ) async throws -> JSON {
        let new = try decode(object, definition, context)
        if new.metadata.name.isEmpty {
            throw StatusError.badRequest(
                "the name of the object (\(name) based on URL) was undeterminable: name must be provided"
            )
        }
        try Self.checkIdentity(new, definition, namespace: namespace, name: name)
        if definition.strategy.requiresVersionOnUpdate, new.metadata.resourceVersion.isEmpty {
            let error = FieldError.invalidHex("metadata.resourceVersion", 0, "must be specified for an update")
            throw StatusError.invalid(definition.type, name, [error])
        }
        return try await change(
            definition,
            namespace: namespace,
            name: name,
            subresource: subresource,
            context
        ) { _ in new }
    }

    /// A write cannot make another object of the one that its path names.
    static func checkIdentity(_ object: JSON, _ definition: ResourceDefinition, namespace: String?, name: String) throws
    {
        let metadata = object.metadata
        guard ["", name].contains(metadata.name) else {
            throw StatusError.badRequest(
                "the name of the object (\(metadata.name)) does not match the name on the URL (\(name))"
            )
        }
        guard definition.type.isNamespaced, let namespace, !["", namespace].contains(metadata.namespace) else { return }
        throw StatusError.badRequest(
            "the namespace of the object (\(metadata.namespace)) does not match the namespace on the request (\(namespace))"
        )
    }

    /// Changes the object to what `make` makes of it, which runs again when another change comes between.
    ///
    /// - Parameter make: Gets the object as the resource's version shows it. When its result names a
    ///   `resourceVersion`, only that version is replaced.
    func change(
        _ definition: ResourceDefinition,
        namespace: String?,
        name: String,
        subresource: String = "",
        _ context: RequestContext,
        make: @Sendable (JSON) throws -> JSON
    ) async throws -> JSON {
        let key = definition.key(namespace: namespace, name: name)
        for attempt in 1...Self.attempts {
            guard let stored = store.index[key] else { throw StatusError.notFound(definition.type, name) }
            let current = definition.shown(stored.value)
            let made = try make(current)
            try Self.checkPrecondition(made, current, definition)
            let new = try await prepareUpdate(made, current, definition, subresource, context)
            if Self.isSame(new, current) { return current }
            try Self.checkSize(new)
            if context.isDryRun { return new }
            if let result = try await replace(key, stored, new, definition) { return result }
            let isUnconditional = made.metadata.resourceVersion.isEmpty || attempt < Self.attempts
            if !isUnconditional { break }
        }
        throw StatusError.conflict(definition.type, name)
    }

    /// Writes `new` if `expected` is still what is stored; nil when it is not.
    private func replace(
        _ key: StorageKey,
        _ expected: StoredObject,
        _ new: JSON,
        _ definition: ResourceDefinition
    ) async throws -> JSON? {
        let isGone =
            new.metadata.isBeingDeleted && new.metadata.finalizers.isEmpty
            && (new["metadata", "deletionGracePeriodSeconds"]?.int ?? 0) == 0
            && !FinalizedBySpec.isHeld(new, definition)
        let result: JSON? = try await store.write { transaction in
            guard transaction[key]?.revision == expected.revision else { return nil }
            var stored = definition.stored(new)
            try definition.strategy.allocate(&stored, old: expected.value, in: transaction)
            if isGone { return transaction.remove(key) }
            return transaction.put(key, stored)
        }
        if result != nil { changed(definition) }
        return result.map(definition.shown)
    }

    private func prepareUpdate(
        _ made: JSON,
        _ current: JSON,
        _ definition: ResourceDefinition,
        _ subresource: String,
        _ context: RequestContext
    ) async throws -> JSON {
        let strategy = definition.strategy
        var new = try decode(made, definition, context, isUserInput: false)
        Self.keepUnchangeable(&new, current, definition, subresource)
        new = try await admit(new, old: current, .update, definition, subresource: subresource, context)
        MetadataRules.prepareForUpdate(&new, old: current)
        if strategy.hasGeneration, Self.content(new) != Self.content(current) {
            new["metadata", "generation"] = .int(current.metadata.generation + 1)
        }
        if new["metadata", "managedFields"] != nil,
            made["metadata", "managedFields"] == current["metadata", "managedFields"]
        {
            FieldOwnership.recordUpdate(&new, old: current, definition, subresource: subresource, context)
        }
        try validate(new, old: current, definition)
        let request = admissionRequest(
            .update,
            definition,
            subresource: subresource,
            object: new,
            old: current,
            context
        )
        try await admission.validate(request)
        return new
    }

    /// Takes from `current` what the write cannot change.
    private static func keepUnchangeable(
        _ new: inout JSON,
        _ current: JSON,
        _ definition: ResourceDefinition,
        _ subresource: String
    ) {
        if let part = part(subresource) {
            var whole = current
            whole[part] = new[part]
            whole["metadata", "managedFields"] = new["metadata", "managedFields"]
            new = whole
        } else {
            MetadataRules.prepareForUpdate(&new, old: current)
            if definition.subresources.contains("status") { new["status"] = current["status"] }
            definition.strategy.prepareForUpdate(&new, old: current)
        }
    }

    /// The only part of an object that a write of the subresource changes; nil for the object itself.
    private static func part(_ subresource: String) -> [String]? {
        switch subresource {
        case "status": ["status"]
        case "finalize": ["spec", "finalizers"]
        default: nil
        }
    }

    /// All of an object but metadata and status: what its generation counts the changes of.
    private static func content(_ object: JSON) -> [String: JSON] {
        (object.object ?? [:]).filter { !["metadata", "status"].contains($0.key) }
    }

    private static func checkPrecondition(_ made: JSON, _ current: JSON, _ definition: ResourceDefinition) throws {
        let (new, old) = (made.metadata, current.metadata)
        if !new.resourceVersion.isEmpty, new.resourceVersion != old.resourceVersion {
            throw StatusError.conflict(definition.type, old.name)
        }
        if !new.uid.isEmpty, new.uid != old.uid {
            let why = "Precondition failed: UID in precondition: \(new.uid), UID in object meta: \(old.uid)"
            throw StatusError.conflict(definition.type, old.name, why)
        }
    }

    /// Whether a write would change nothing.
    private static func isSame(_ new: JSON, _ current: JSON) -> Bool {
        var new = new
        new["metadata", "resourceVersion"] = current["metadata", "resourceVersion"]
        return new == current
    }
}
