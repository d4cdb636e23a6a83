import JSON
import Protobuf

/// Encodes an OpenAPI v2 document as kubectl before 1.27 wants it (gnostic's `openapi.v2.Document`).
///
/// Of the paths it has only what those clients read: nothing.
enum OpenAPIProtobuf {
    static func encode(_ document: JSON) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.string(1, document["swagger"]?.string ?? "")
        writer.message(2) { info in
            info.string(1, document["info", "title"]?.string ?? "")
            info.string(2, document["info", "version"]?.string ?? "")
        }
        writer.message(8) { _ in }
        writer.message(9) { definitions in named(document["definitions"], &definitions) }
        return writer.bytes
    }

    /// `NamedSchema` entries, in the order of their names.
    private static func named(_ schemas: JSON?, _ writer: inout ProtobufWriter) {
        for (name, value) in (schemas?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            writer.message(1) { entry in
                entry.string(1, name)
                entry.message(2) { schema(value, &$0) }
            }
        }
    }

    private static func schema(_ schema: JSON, _ writer: inout ProtobufWriter) {
        writer.string(1, schema["$ref"]?.string ?? "")
        writer.string(2, schema["format"]?.string ?? "")
        writer.string(4, schema["description"]?.string ?? "")
        writer.strings(19, schema["required"]?.array?.compactMap(\.string) ?? [])
        for value in schema["enum"]?.array ?? [] { writer.message(20) { $0.string(2, value.text()) } }
        if let additional = schema["additionalProperties"], additional.object != nil {
            writer.message(21) { item in item.message(1) { self.schema(additional, &$0) } }
        }
        if let type = schema["type"]?.string { writer.message(22) { $0.string(1, type) } }
        if let items = schema["items"] {
            writer.message(23) { item in item.message(1) { self.schema(items, &$0) } }
        }
        if let properties = schema["properties"] { writer.message(25) { named(properties, &$0) } }
        for (name, value) in (schema.object ?? [:]).sorted(by: { $0.key < $1.key }) where name.hasPrefix("x-") {
            writer.message(31) { entry in
                entry.string(1, name)
                entry.message(2) { $0.string(2, value.text()) }
            }
        }
    }
}
