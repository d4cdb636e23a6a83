import JSON
import Kubernetes

/// Reads an object as its schema has it: drops what it does not know, and says what of it was wrong.
///
/// Nulls count as missing, as they do for the API server's own types.
struct SchemaCheck {
    /// Paths of fields that the schema does not have, such as `spec.containers[0].imagee`.
    private(set) var unknownFields: [String] = []
    private let schemas = BuiltInSchemas.shared

    /// - Throws: ``StatusError`` (400) for a value of the wrong type.
    mutating func read(_ object: JSON, as schemaName: String, kind: String, version: String) throws -> JSON {
        do {
            return try read(object, schema: schemas[schemaName], path: "", isRoot: true)
        } catch let mismatch as Mismatch {
            let text = "\(kind) in version \"\(version)\" cannot be handled as a \(kind): \(mismatch.description)"
            throw StatusError.badRequest(text)
        }
    }

    /// A value of another type than the field's.
    private struct Mismatch: Error, CustomStringConvertible {
        let value: JSON
        let schema: String
        let field: String
        let expected: String

        var description: String {
            let found = value.typeName == "integer" ? "number" : value.typeName == "boolean" ? "bool" : value.typeName
            let holder = schema.split(separator: ".").last.map(String.init) ?? schema
            return "json: cannot unmarshal \(found) into Go struct field \(holder).\(field) of type \(expected)"
        }
    }

    private mutating func read(
        _ object: JSON,
        schema: ObjectSchema,
        path: String,
        isRoot: Bool = false
    ) throws -> JSON {
        guard case .object(let members) = object else {
            throw Mismatch(value: object, schema: schema.name, field: path, expected: schema.name)
        }
        var result: [String: JSON] = [:]
        for (name, value) in members {
            if isRoot, name == "apiVersion" || name == "kind" {
                result[name] = value
                continue
            }
            let fieldPath = path.isEmpty ? name : "\(path).\(name)"
            guard let field = schema[name] else {
                unknownFields.append(fieldPath)
                continue
            }
            if value.isNull, field.type != .any { continue }
            result[name] = try read(value, type: field.type, schema: schema.name, path: fieldPath)
        }
        return .object(result)
    }

    private mutating func read(_ value: JSON, type: SchemaType, schema: String, path: String) throws -> JSON {
        switch type {
        case .array(let element):
            guard case .array(let elements) = value else { break }
            var result: [JSON] = []
            for (index, item) in elements.enumerated() {
                result.append(try read(item, type: element, schema: schema, path: "\(path)[\(index)]"))
            }
            return .array(result)
        case .map(let element):
            guard case .object(let members) = value else { break }
            var result: [String: JSON] = [:]
            for (key, item) in members {
                // A null in a map of strings is the empty string to the API server.
                let item = item.isNull && element == .string ? "" : item
                result[key] = try read(item, type: element, schema: schema, path: "\(path).\(key)")
            }
            return .object(result)
        case .object(let name): return try read(value, schema: schemas[name], path: path)
        case .quantity where value.double != nil: return .string(value.text())
        default: if type.accepts(value) { return value }
        }
        throw Mismatch(value: value, schema: schema, field: path, expected: type.goName)
    }
}

extension SchemaType {
    /// Whether a value that is neither list nor object may stand where this type is expected.
    fileprivate func accepts(_ value: JSON) -> Bool {
        switch self {
        case .any: true
        case .string, .bytes, .time, .microtime, .quantity: value.string != nil
        case .bool: value.bool != nil
        case .double: value.double != nil
        case .int32: value.int.map { Int32(exactly: $0) != nil } ?? false
        case .int64: value.int != nil
        case .intOrString: value.int != nil || value.string != nil
        case .array, .map, .object: false
        }
    }

    /// The type's name in error messages.
    fileprivate var goName: String {
        switch self {
        case .string: "string"
        case .bytes: "[]uint8"
        case .time: "v1.Time"
        case .microtime: "v1.MicroTime"
        case .quantity: "resource.Quantity"
        case .int32: "int32"
        case .int64: "int64"
        case .bool: "bool"
        case .double: "float64"
        case .intOrString: "intstr.IntOrString"
        case .any: "interface {}"
        case .array(let element): "[]\(element.goName)"
        case .map(let element): "map[string]\(element.goName)"
        case .object(let name): name.split(separator: ".").last.map { "v1.\($0)" } ?? name
        }
    }
}
