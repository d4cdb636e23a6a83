import Base
import JSON
import Kubernetes

/// What a deletion asks for (`meta/v1.DeleteOptions`).
struct DeleteOptions: Sendable {
    var gracePeriodSeconds: Int64?
    /// `Background`, `Foreground` or `Orphan`.
    var propagationPolicy: String?
    var uid: String?
    var resourceVersion: String?

    init(gracePeriodSeconds: Int64? = nil) { self.gracePeriodSeconds = gracePeriodSeconds }

    init(_ json: JSON) {
        gracePeriodSeconds = json["gracePeriodSeconds"]?.int
        propagationPolicy = json["propagationPolicy"]?.string
        if propagationPolicy == nil, json["orphanDependents"]?.bool == true { propagationPolicy = "Orphan" }
        uid = json["preconditions", "uid"]?.string
        resourceVersion = json["preconditions", "resourceVersion"]?.string
    }

    /// Whether the options ask that nothing be written.
    static func isDryRun(_ options: JSON) throws -> Bool {
        let stages = options["dryRun"]?.array ?? []
        if let unknown = stages.first(where: { $0 != "All" }) {
            throw StatusError.invalidOptions("DeleteOptions", .unsupported("dryRun", .array([unknown]), ["All"]))
        }
        return !stages.isEmpty
    }

    /// The finalizer by which the garbage collector learns what becomes of the object's dependents.
    fileprivate var finalizer: String? {
        switch propagationPolicy {
        case "Foreground": "foregroundDeletion"
        case "Orphan": "orphan"
        default: nil
        }
    }
}

/// Namespaces, which go only when `spec.finalizers` is empty too.
enum FinalizedBySpec {
    static func isHeld(_ object: JSON, _ definition: ResourceDefinition) -> Bool {
        definition.storage == "/namespaces" && !(object["spec", "finalizers"]?.array ?? []).isEmpty
    }
}

extension Registry {
    private static let lastingNamespaces: Set = ["default", "kube-system", "kube-public"]

    /// Deletes the object, or marks it to be deleted once its grace period is over and its finalizers are done.
    ///
    /// - Returns: The object as it is now, or was last; `isGone` tells which.
    func delete(
        _ definition: ResourceDefinition,
        namespace: String?,
        name: String,
        _ options: DeleteOptions,
        _ context: RequestContext
    ) async throws -> (object: JSON, isGone: Bool) {
        let key = definition.key(namespace: namespace, name: name)
        guard let first = store.index[key] else { throw StatusError.notFound(definition.type, name) }
        if definition.storage == "/namespaces", Self.lastingNamespaces.contains(name) {
            throw StatusError.forbidden(definition.type, name, "this namespace may not be deleted")
        }
        let request = admissionRequest(.delete, definition, object: nil, old: definition.shown(first.value), context)
        _ = try await admission.mutate(request)
        try await admission.validate(request)
        if definition.storage == CustomResources.storage, !context.isDryRun {
            try await deleteInstances(of: first.value, context)
        }
        let body: @Sendable (inout Transaction) throws -> (JSON, Bool) = { transaction in
            guard let stored = transaction[key]?.value else { throw StatusError.notFound(definition.type, name) }
            try Self.check(options, stored, definition)
            let marked = Self.marked(stored, definition, options)
            if marked.isGone { return (transaction.remove(key) ?? stored, true) }
            if marked.object == stored { return (stored, false) }
            return (transaction.put(key, marked.object), false)
        }
        if context.isDryRun {
            var transaction = Transaction(committed: store.index)
            let (object, isGone) = try body(&transaction)
            return (definition.shown(object), isGone)
        }
        let (object, isGone) = try await store.write(body)
        if isGone { changed(definition) }
        return (definition.shown(object), isGone)
    }

    /// Deletes the objects of a kind that is to go, which nobody could reach afterwards.
    private func deleteInstances(of customResourceDefinition: JSON, _ context: RequestContext) async throws {
        guard let definition = CustomResources.definitions(customResourceDefinition).first else { return }
        let all = try Selection(definition, namespace: nil, labelSelector: nil, fieldSelector: nil)
        _ = try await deleteCollection(definition, all, DeleteOptions(), context)
    }

    /// Deletes every object of the selection.
    func deleteCollection(
        _ definition: ResourceDefinition,
        _ selection: Selection,
        _ options: DeleteOptions,
        _ context: RequestContext
    ) async throws -> ListPage {
        let page = try list(definition, selection)
        for object in page.items {
            let metadata = object.metadata
            do {
                _ = try await delete(
                    definition,
                    namespace: metadata.namespace,
                    name: metadata.name,
                    options,
                    context
                )
            } catch let error as StatusError where error.isNotFound {
                continue  // Somebody else deleted it, which is what was wanted.
            }
        }
        return page
    }

    private static func check(_ options: DeleteOptions, _ stored: JSON, _ definition: ResourceDefinition) throws {
        let metadata = stored.metadata
        if let uid = options.uid, uid != metadata.uid {
            let why = "Precondition failed: UID in precondition: \(uid), UID in object meta: \(metadata.uid)"
            throw StatusError.conflict(definition.type, metadata.name, why)
        }
        if let version = options.resourceVersion, version != metadata.resourceVersion {
            let why =
                "Precondition failed: ResourceVersion in precondition: \(version), ResourceVersion in object meta: \(metadata.resourceVersion)"
            throw StatusError.conflict(definition.type, metadata.name, why)
        }
    }

    /// The object with its deletion under way, and whether nothing holds it back any more.
    private static func marked(
        _ stored: JSON,
        _ definition: ResourceDefinition,
        _ options: DeleteOptions
    ) -> (object: JSON, isGone: Bool) {
        var object = stored
        let grace = definition.strategy.gracePeriod(stored, requested: options.gracePeriodSeconds) ?? 0
        if let finalizer = options.finalizer, !stored.metadata.isBeingDeleted {
            let others = stored.metadata.finalizers.filter { $0 != "foregroundDeletion" && $0 != "orphan" }
            object["metadata", "finalizers"] = .strings(others + [finalizer])
        }
        let isHeld = !object.metadata.finalizers.isEmpty || FinalizedBySpec.isHeld(stored, definition)
        if grace == 0, !isHeld { return (object, true) }
        let before = stored["metadata", "deletionGracePeriodSeconds"]?.int
        if stored.metadata.isBeingDeleted, let before, before <= grace { return (object, false) }
        object["metadata", "deletionTimestamp"] = .string((Timestamp.now + .seconds(grace)).description)
        object["metadata", "deletionGracePeriodSeconds"] = .int(grace)
        if definition.strategy.hasGeneration {
            object["metadata", "generation"] = .int(object.metadata.generation + 1)
        }
        if definition.storage == "/namespaces" { object["status", "phase"] = "Terminating" }
        return (object, false)
    }
}
