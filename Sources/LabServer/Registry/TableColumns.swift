import Base
import JSON
import Kubernetes

/// The columns `kubectl get` shows of a kind.
struct TableColumns: Sendable {
    struct Column: Sendable {
        let name: String
        var type = "string"
        var format = ""
        /// Above 0: only with `-o wide`.
        var priority = 0
    }

    let columns: [Column]
    /// The cells of one row, one for each column.
    let cells: @Sendable (JSON) -> [JSON]

    /// Name and age.
    static let plain = TableColumns(columns: [.name, .age]) { object in [.string(object.metadata.name), age(object)] }

    static func age(_ object: JSON) -> JSON {
        object.metadata.creationTimestamp.map { .string(Age.text(since: $0)) } ?? "<unknown>"
    }
}

extension TableColumns.Column {
    static let name = Self(name: "Name", format: "name")
    static let age = Self(name: "Age")
}
