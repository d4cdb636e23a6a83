import JSON
import Kubernetes

extension TableColumns {
    /// A column and the cell it has for an object.
    struct Cell: Sendable {
        let column: Column
        let value: @Sendable (JSON) -> JSON
    }

    init(_ cells: [Cell]) {
        columns = cells.map(\.column)
        self.cells = { object in cells.map { $0.value(object) } }
    }
}

extension TableColumns.Cell {
    static let name = Self(column: .name) { .string($0.metadata.name) }
    static let age = Self(column: .age) { TableColumns.age($0) }
    static let createdAt = Self(column: .init(name: "Created At")) {
        $0["metadata", "creationTimestamp"] ?? "<unknown>"
    }

    /// A column of text; `isWide` shows it with `-o wide` only.
    static func text(_ name: String, isWide: Bool = false, _ text: @escaping @Sendable (JSON) -> String) -> Self {
        Self(column: .init(name: name, priority: isWide ? 1 : 0)) { .string(text($0)) }
    }

    static func number(_ name: String, _ path: String...) -> Self {
        Self(column: .init(name: name, type: "integer")) { $0[path] ?? 0 }
    }

    static func number(_ name: String, _ value: @escaping @Sendable (JSON) -> Int) -> Self {
        Self(column: .init(name: name, type: "integer")) { .int(Int64(value($0))) }
    }

    /// The text at `path`, `<none>` when there is none.
    static func path(_ name: String, isWide: Bool = false, _ path: String...) -> Self {
        text(name, isWide: isWide) { object in Printing.text(object[path]) }
    }
}

/// How kubectl's cells write what objects hold.
enum Printing {
    static func text(_ value: JSON?) -> String {
        switch value {
        case nil, .null, "": "<none>"
        case .string(let text): text
        case let value?: value.text()
        }
    }

    static func list(_ values: [String]) -> String { values.isEmpty ? "<none>" : values.joined(separator: ",") }

    /// Labels as kubectl writes them: `a=1,b=2`.
    static func labels(_ labels: JSON?) -> String {
        list((labels?.strings ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
    }

    /// A `LabelSelector` in kubectl's syntax.
    static func selector(_ selector: JSON?) -> String {
        var terms = (selector?["matchLabels"]?.strings ?? [:]).sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }
        for expression in selector?["matchExpressions"]?.array ?? [] {
            let key = expression["key"]?.string ?? ""
            let values = (expression["values"]?.array?.compactMap(\.string) ?? []).joined(separator: ",")
            switch expression["operator"]?.string {
            case "In": terms.append("\(key) in (\(values))")
            case "NotIn": terms.append("\(key) notin (\(values))")
            case "DoesNotExist": terms.append("!\(key)")
            default: terms.append(key)
            }
        }
        return list(terms)
    }

    static func containers(_ spec: JSON?) -> [JSON] { spec?["containers"]?.array ?? [] }
}
