/// The schemas of the built-in kinds, read from the tables beside this file.
///
/// A table has a line `package <name>` before the objects of an API group, and then for each object
/// `Kind: field type, field! type, …` (continued on indented lines), where `!` marks a required field. `field=5` gives
/// its number in Protobuf, which otherwise is one more than the last. A field `*` stands for the fields of the object
/// that is its type. A type is a basic one (with `?` where zero and missing are two things), `[]type`, `{}type` (a map),
/// or an object's name, with its package if that is another. Behind the type of a list, `@key` makes strategic merge
/// patches and server-side apply merge by that key (`@` alone: as a set); `#key` and `#` do so for server-side apply only.
struct BuiltInSchemas: Sendable {
    static let shared = BuiltInSchemas(tables: [meta, core, groups])

    private var schemas: [String: ObjectSchema] = [:]

    /// The schema of that name; a name that is nowhere in the tables is a mistake in them.
    subscript(name: String) -> ObjectSchema {
        guard let schema = schemas[name] else { preconditionFailure("no schema \(name)") }
        return schema
    }

    init(tables: [String]) {
        var rows: [String: [Row]] = [:]
        for table in tables {
            var package = ""
            for line in Self.joinedLines(table) {
                if line.hasPrefix("package ") {
                    package = String(line.dropFirst("package ".count))
                } else {
                    let (name, row) = Self.object(line, package)
                    rows["\(package).\(name)"] = row
                }
            }
        }
        for (name, row) in rows { schemas[name] = Self.schema(name, row, in: rows) }
    }

    /// What one object's line says: fields, and the objects embedded among them.
    private enum Row {
        case field(SchemaField)
        case embedded(String, number: Int)
    }

    private static func joinedLines(_ table: String) -> [String] {
        var lines: [String] = []
        for line in table.split(separator: "\n") {
            if line.hasPrefix(" "), let last = lines.indices.last {
                lines[last] += " " + line.drop { $0 == " " }
            } else {
                lines.append(String(line))
            }
        }
        return lines
    }

    private static func schema(_ name: String, _ row: [Row], in rows: [String: [Row]]) -> ObjectSchema {
        var embedded: [Int: String] = [:]
        var own: [SchemaField] = []
        for case .field(let field) in row { own.append(field) }
        for case .embedded(let schema, let number) in row { embedded[number] = schema }
        return ObjectSchema(name: name, fields: flattened(row, rows), own: own, embedded: embedded)
    }

    private static func flattened(_ row: [Row], _ rows: [String: [Row]]) -> [SchemaField] {
        row.flatMap { entry in
            switch entry {
            case .field(let field): [field]
            case .embedded(let schema, _): flattened(rows[schema] ?? [], rows)
            }
        }
    }

    private static func object(_ line: String, _ package: String) -> (String, [Row]) {
        guard let colon = line.firstIndex(of: ":") else { preconditionFailure("no colon in the schema \(line)") }
        var number = 0
        let row = line[line.index(after: colon)...].split(separator: ",").map { text in
            self.row(String(text), package, &number)
        }
        return (String(line[..<colon]), row)
    }

    private static func row(_ text: String, _ package: String, _ number: inout Int) -> Row {
        let words = text.split(separator: " ")
        precondition(words.count == 2, "a field is a name and a type: \(text)")
        let isRequired = words[0].hasSuffix("!")
        let name = (isRequired ? words[0].dropLast() : words[0]).split(separator: "=")
        number = name.count > 1 ? Int(name[1]) ?? 0 : number + 1
        let notation = words[1]
        let end = notation.firstIndex { "@#?".contains($0) } ?? notation.endIndex
        let type = type(notation[..<end], package)
        if name[0] == "*", case .object(let schema) = type { return .embedded(schema, number: number) }
        return .field(
            SchemaField(
                name: String(name[0]),
                type: type,
                isRequired: isRequired,
                merge: merge(notation[end...]),
                number: number,
                hasPresence: notation.hasSuffix("?")
            )
        )
    }

    private static func merge(_ notation: Substring) -> ListMerge {
        guard let sign = notation.first, sign != "?" else { return .atomic }
        let keys = notation.dropFirst().split(separator: "+").map(String.init)
        return keys.isEmpty ? .set(isStrategic: sign == "@") : .byKey(keys, isStrategic: sign == "@")
    }

    private static func type(_ notation: Substring, _ package: String) -> SchemaType {
        if notation.hasPrefix("[]") { return .array(type(notation.dropFirst(2), package)) }
        if notation.hasPrefix("{}") { return .map(type(notation.dropFirst(2), package)) }
        switch notation {
        case "string": return .string
        case "int32": return .int32
        case "int64": return .int64
        case "bool": return .bool
        case "double": return .double
        case "bytes": return .bytes
        case "time": return .time
        case "microtime": return .microtime
        case "intOrString": return .intOrString
        case "quantity": return .quantity
        case "any": return .any
        default: return .object(notation.contains(".") ? String(notation) : "\(package).\(notation)")
        }
    }
}
