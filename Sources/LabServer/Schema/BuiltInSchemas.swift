/// The schemas of the built-in kinds, read from the tables beside this file.
///
/// A table has a line `package <name>` before the objects of an API group, and then for each object
/// `Kind: field type, field! type, …` (continued on indented lines), where `!` marks a required field. A type is a
/// basic one, `[]type`, `{}type` (a map), or an object's name, with its package if that is another. Behind the type of
/// a list, `@key` makes strategic merge patches and server-side apply merge by that key (`@` alone: as a set);
/// `#key` and `#` do so for server-side apply only.
struct BuiltInSchemas: Sendable {
    static let shared = BuiltInSchemas(tables: [meta, core, groups])

    private(set) var schemas: [String: ObjectSchema] = [:]

    /// The schema of that name; a name that is nowhere in the tables is a mistake in them.
    subscript(name: String) -> ObjectSchema {
        guard let schema = schemas[name] else { preconditionFailure("no schema \(name)") }
        return schema
    }

    init(tables: [String]) {
        for table in tables {
            var package = ""
            for line in Self.joinedLines(table) {
                if line.hasPrefix("package ") {
                    package = String(line.dropFirst("package ".count))
                } else {
                    let schema = Self.schema(line, package: package)
                    schemas[schema.name] = schema
                }
            }
        }
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

    private static func schema(_ line: String, package: String) -> ObjectSchema {
        guard let colon = line.firstIndex(of: ":") else { preconditionFailure("no colon in the schema \(line)") }
        let fields = line[line.index(after: colon)...].split(separator: ",").map { field(String($0), package) }
        return ObjectSchema(name: "\(package).\(line[..<colon])", fields: fields)
    }

    private static func field(_ text: String, _ package: String) -> SchemaField {
        let words = text.split(separator: " ")
        precondition(words.count == 2, "a field is a name and a type: \(text)")
        let (name, notation) = (words[0], words[1])
        let end = notation.firstIndex { $0 == "@" || $0 == "#" } ?? notation.endIndex
        return SchemaField(
            name: name.hasSuffix("!") ? String(name.dropLast()) : String(name),
            type: type(notation[..<end], package),
            isRequired: name.hasSuffix("!"),
            merge: merge(notation[end...])
        )
    }

    private static func merge(_ notation: Substring) -> ListMerge {
        guard let sign = notation.first else { return .atomic }
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
