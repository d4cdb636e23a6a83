import Base
import JSON
import Kubernetes

/// Who owns which fields of an object that server-side apply manages (`metadata.managedFields`).
///
/// Objects that nobody applies from the server's side carry no such record.
struct FieldOwnership {
    struct Owner {
        let manager: String
        /// `Apply` or `Update`.
        let operation: String
        let subresource: String
        var apiVersion: String
        var time: String
        var fields: FieldSet

        /// As a conflict's message names it.
        var description: String {
            "conflict with \"\(manager)\"" + (operation == "Update" ? " using \(apiVersion)" : "")
        }
    }

    private(set) var owners: [Owner]

    init(_ managedFields: JSON?) {
        owners = (managedFields?.array ?? []).map { entry in
            Owner(
                manager: entry["manager"]?.string ?? "",
                operation: entry["operation"]?.string ?? "",
                subresource: entry["subresource"]?.string ?? "",
                apiVersion: entry["apiVersion"]?.string ?? "",
                time: entry["time"]?.string ?? "",
                fields: FieldSet(entry["fieldsV1"] ?? [:])
            )
        }
    }

    var managedFields: JSON? {
        let entries = owners.filter { !$0.fields.isEmpty }.map { owner -> JSON in
            var entry: JSON = [
                "manager": .string(owner.manager), "operation": .string(owner.operation),
                "apiVersion": .string(owner.apiVersion), "time": .string(owner.time), "fieldsType": "FieldsV1",
                "fieldsV1": owner.fields.json,
            ]
            if !owner.subresource.isEmpty { entry["subresource"] = .string(owner.subresource) }
            return entry
        }
        return entries.isEmpty ? nil : .array(entries)
    }

    /// What `manager` applied last.
    func applied(by manager: String, subresource: String) -> FieldSet {
        index(manager, "Apply", subresource).map { owners[$0].fields } ?? FieldSet()
    }

    /// The owners, other than `manager` by apply, of a field.
    func others(of path: [String], than manager: String, subresource: String) -> [Int] {
        let own = index(manager, "Apply", subresource)
        return owners.indices.filter { $0 != own && owners[$0].fields.contains(path) }
    }

    /// Makes `fields` what the manager owns, in the place of what it owned before.
    mutating func set(_ fields: FieldSet, manager: String, operation: String, subresource: String, apiVersion: String) {
        let time = Timestamp.now.description
        if let index = index(manager, operation, subresource) {
            if owners[index].fields == fields { return }
            owners[index].fields = fields
            (owners[index].time, owners[index].apiVersion) = (time, apiVersion)
        } else {
            owners.append(
                Owner(
                    manager: manager,
                    operation: operation,
                    subresource: subresource,
                    apiVersion: apiVersion,
                    time: time,
                    fields: fields
                )
            )
        }
    }

    mutating func remove(_ path: [String], from owner: Int) { owners[owner].fields.remove(path) }

    private func index(_ manager: String, _ operation: String, _ subresource: String) -> Int? {
        owners.firstIndex { $0.manager == manager && $0.operation == operation && $0.subresource == subresource }
    }

    /// Gives the fields that a plain update changed to who made it.
    static func recordUpdate(
        _ object: inout JSON,
        old: JSON,
        _ definition: ResourceDefinition,
        subresource: String,
        _ context: RequestContext
    ) {
        let node = definition.schema.node
        var ownership = FieldOwnership(object["metadata", "managedFields"])
        let manager = context.fieldManager.isEmpty ? context.user.name : context.fieldManager
        let all = Set(FieldSet(of: object, node).paths).union(FieldSet(of: old, node).paths)
        var changed = FieldSet()
        for path in all {
            let now = object.value(at: path[...], node)
            if now == old.value(at: path[...], node) { continue }
            for owner in ownership.owners.indices { ownership.remove(path, from: owner) }
            if now != nil { changed.insert(path) }
        }
        if !changed.isEmpty {
            ownership.set(
                changed,
                manager: manager,
                operation: "Update",
                subresource: subresource,
                apiVersion: definition.type.apiVersion
            )
        }
        object["metadata", "managedFields"] = ownership.managedFields
    }
}
