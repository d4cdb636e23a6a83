import JSON
import Kubernetes

extension Registry {
    /// Creates an object; the answer is what is stored now.
    func create(
        _ definition: ResourceDefinition,
        namespace: String?,
        _ object: JSON,
        _ context: RequestContext
    ) async throws -> JSON {
        var object = try decode(object, definition, context)
        try Self.placeInNamespace(&object, definition, namespace)
        if let version = object["metadata", "resourceVersion"]?.string, !version.isEmpty {
            throw StatusError.badRequest("resourceVersion should not be set on objects to be created")
        }
        MetadataRules.prepareForCreate(&object, hasGeneration: definition.strategy.hasGeneration)
        if definition.subresources.contains("status") { object["status"] = nil }
        definition.strategy.prepareForCreate(&object)
        object = try await admit(object, old: nil, .create, definition, context)
        try validate(object, old: nil, definition)
        try await admission.validate(admissionRequest(.create, definition, object: object, old: nil, context))
        try Self.checkSize(object)
        return try await insert(object, definition, context)
    }

    private func insert(
        _ object: JSON,
        _ definition: ResourceDefinition,
        _ context: RequestContext
    ) async throws -> JSON {
        let key = definition.key(namespace: object.metadata.namespace, name: object.metadata.name)
        let check: @Sendable (Transaction) throws -> JSON = { transaction in
            try Self.checkNamespace(key, definition, transaction)
            guard transaction[key] == nil else { throw StatusError.alreadyExists(definition.type, key.name) }
            var stored = definition.stored(object)
            try definition.strategy.allocate(&stored, old: nil, in: transaction)
            return stored
        }
        if context.isDryRun { return definition.shown(try check(Transaction(committed: store.index))) }
        let stored = try await store.write { transaction in transaction.put(key, try check(transaction)) }
        changed(definition)
        return definition.shown(stored)
    }

    /// What must follow when the resource itself describes resources.
    func changed(_ definition: ResourceDefinition) {
        if definition.storage == CustomResources.storage { reloadCustomResources() }
    }

    /// The object after built-in admission and the webhooks.
    func admit(
        _ object: JSON,
        old: JSON?,
        _ operation: AdmissionRequest.Operation,
        _ definition: ResourceDefinition,
        subresource: String = "",
        _ context: RequestContext
    ) async throws -> JSON {
        let index = store.index
        var object = object
        if subresource.isEmpty {
            try definition.strategy.admit(&object, old: old, index: index, context: context)
        }
        let request = admissionRequest(
            operation,
            definition,
            subresource: subresource,
            object: object,
            old: old,
            context
        )
        guard let mutated = try await admission.mutate(request), mutated != object else { return object }
        object = try decode(mutated, definition, context, isUserInput: false)
        if subresource.isEmpty {
            try definition.strategy.admit(&object, old: old, index: index, context: context)
        }
        return object
    }

    func admissionRequest(
        _ operation: AdmissionRequest.Operation,
        _ definition: ResourceDefinition,
        subresource: String = "",
        object: JSON?,
        old: JSON?,
        _ context: RequestContext
    ) -> AdmissionRequest {
        let metadata = (object ?? old ?? .null).metadata
        return AdmissionRequest(
            operation: operation,
            definition: definition,
            subresource: subresource,
            namespace: metadata.namespace,
            name: metadata.name,
            object: object,
            old: old,
            context: context,
            index: store.index
        )
    }

    private static func placeInNamespace(
        _ object: inout JSON,
        _ definition: ResourceDefinition,
        _ namespace: String?
    ) throws {
        guard definition.type.isNamespaced else {
            object["metadata", "namespace"] = nil
            return
        }
        let own = object.metadata.namespace
        guard let namespace, !namespace.isEmpty else {
            throw StatusError.badRequest("an empty namespace may not be set during creation")
        }
        guard own.isEmpty || own == namespace else {
            throw StatusError.badRequest(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        }
        object["metadata", "namespace"] = .string(namespace)
    }

    /// - Throws: ``StatusError`` when the namespace is not there, or is on its way out.
    private static func checkNamespace(
        _ key: StorageKey,
        _ definition: ResourceDefinition,
        _ transaction: Transaction
    ) throws {
        guard !key.namespace.isEmpty else { return }
        guard
            let namespace = transaction[StorageKey(resource: "/namespaces", namespace: "", name: key.namespace)]?.value
        else { throw StatusError.notFound(.namespaces, key.namespace) }
        if namespace.metadata.isBeingDeleted {
            var error = StatusError.forbidden(
                definition.type,
                key.name,
                "unable to create new content in namespace \(key.namespace) because it is being terminated"
            )
            var details = error.details ?? [:]
            let cause: JSON = [
                "reason": "NamespaceTerminating", "field": "metadata.namespace",
                "message": .string("namespace \(key.namespace) is being terminated"),
            ]
            details["causes"] = [cause]
            error = StatusError(code: 403, reason: "Forbidden", message: error.message, details: details)
            throw error
        }
    }
}
