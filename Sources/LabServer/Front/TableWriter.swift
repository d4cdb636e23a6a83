import JSON
import Kubernetes

/// Writes objects as a `meta.k8s.io` Table, which kubectl prints as it is.
struct TableWriter: Sendable {
    let columns: TableColumns
    let version: String
    /// What a row carries of its object: `None`, `Metadata`, `Object`.
    let includeObject: String

    func table(_ objects: [JSON], metadata: JSON, withColumns: Bool = true) -> JSON {
        [
            "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata,
            "columnDefinitions": withColumns ? .array(columns.columns.map(Self.definition)) : .null,
            "rows": .array(objects.map(row)),
        ]
    }

    private static func definition(_ column: TableColumns.Column) -> JSON {
        [
            "name": .string(column.name), "type": .string(column.type), "format": .string(column.format),
            "description": "", "priority": .int(Int64(column.priority)),
        ]
    }

    private func row(_ object: JSON) -> JSON {
        var row: JSON = ["cells": .array(columns.cells(object))]
        switch includeObject {
        case "None": break
        case "Object": row["object"] = object
        default: row["object"] = Self.partial(object, version: version)
        }
        return row
    }

    /// The object's metadata alone.
    static func partial(_ object: JSON, version: String) -> JSON {
        [
            "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"),
            "metadata": object["metadata"] ?? [:],
        ]
    }
}
