import Base
import JSON
import Kubernetes

extension TableColumns {
    /// The columns that a version of a CustomResourceDefinition asks for (`additionalPrinterColumns`).
    static func custom(_ columns: [JSON]) -> TableColumns {
        if columns.isEmpty { return .plain }
        return TableColumns([.name] + columns.map(cell))
    }

    private static func cell(_ column: JSON) -> Cell {
        let type = column["type"]?.string ?? "string"
        let path = JSONPath(column["jsonPath"]?.string ?? "")
        let shown = Column(
            name: column["name"]?.string ?? "",
            type: type,
            format: column["format"]?.string ?? "",
            priority: Int(column["priority"]?.int ?? 0)
        )
        return Cell(column: shown) { object in
            guard let values = path?.values(in: object), let first = values.first else { return .null }
            switch (type, first) {
            case ("date", .string(let text)): return .string(Timestamp(text).map { Age.text(since: $0) } ?? "<invalid>")
            case ("integer", _), ("number", _), ("boolean", _): return first
            case (_, .string) where values.count == 1: return first
            default: return .string(values.map(\.plainText).joined(separator: ","))
            }
        }
    }
}
