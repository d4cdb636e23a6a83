import Base
import JSON
import Protobuf

/// Reads objects in the Protobuf form that kubectl sends of some kinds (`application/vnd.kubernetes.protobuf`).
///
/// Answers are never in this form: clients that speak it take JSON as well.
struct ProtobufObject {
    private let schemas = BuiltInSchemas.shared
    /// What every such body begins with.
    private static let magic: [UInt8] = [0x6b, 0x38, 0x73, 0]

    /// - Parameter schema: The name of the kind's schema, such as `core.Pod`.
    /// - Throws: ``ProtobufError``
    func read(_ body: [UInt8], as schema: String) throws -> JSON {
        guard body.starts(with: Self.magic) else { throw ProtobufError.malformed }
        var (apiVersion, kind, raw) = ("", "", [UInt8]())
        // `runtime.Unknown`: the type, and the object itself.
        var envelope = ProtobufReader(body[Self.magic.count...])
        while let field = try envelope.nextField() {
            switch field.number {
            case 1: (apiVersion, kind) = try Self.type(field.message())
            case 2: raw = try field.bytes()
            default: break
            }
        }
        var object = try message(ProtobufReader(raw[...]), schemas[schema], depth: 0)
        if !apiVersion.isEmpty { object["apiVersion"] = .string(apiVersion) }
        if !kind.isEmpty { object["kind"] = .string(kind) }
        return object
    }

    private static func type(_ message: ProtobufReader) throws -> (apiVersion: String, kind: String) {
        var (reader, apiVersion, kind) = (message, "", "")
        while let field = try reader.nextField() {
            if field.number == 1 { apiVersion = try field.string() }
            if field.number == 2 { kind = try field.string() }
        }
        return (apiVersion, kind)
    }

    private func message(_ reader: ProtobufReader, _ schema: ObjectSchema, depth: Int) throws -> JSON {
        guard depth < JSON.depthLimit else { throw ProtobufError.malformed }
        var (reader, members) = (reader, [String: JSON]())
        while let field = try reader.nextField() {
            if let embedded = schema.embedded[field.number] {
                let inner = try message(field.message(), schemas[embedded], depth: depth + 1)
                members.merge(inner.object ?? [:]) { _, new in new }
            } else if let known = schema[field.number] {
                try add(field, known, to: &members, depth: depth + 1)
            }
        }
        return .object(members)
    }

    private func add(
        _ field: ProtobufField,
        _ known: SchemaField,
        to members: inout [String: JSON],
        depth: Int
    ) throws {
        switch known.type {
        case .array(let element):
            let before = members[known.name]?.array ?? []
            members[known.name] = .array(before + [try value(field, element, depth: depth) ?? .null])
        case .map(let element):
            var entry = try field.message()
            var (key, entryValue) = ("", JSON.null)
            while let part = try entry.nextField() {
                if part.number == 1 { key = try part.string() }
                if part.number == 2 { entryValue = try mapValue(part, element, depth: depth) }
            }
            members[known.name, default: [:]][key] = entryValue.isNull ? "" : entryValue
        default:
            let read = try value(field, known.type, depth: depth)
            members[known.name] = known.hasPresence || !Self.isZero(read) ? read : nil
        }
    }

    /// A list as a map's value is a message of its own, with the elements as field 1.
    private func mapValue(_ field: ProtobufField, _ type: SchemaType, depth: Int) throws -> JSON {
        guard case .array(let element) = type else { return try value(field, type, depth: depth) ?? .null }
        var (reader, elements) = (try field.message(), [JSON]())
        while let part = try reader.nextField() { elements.append(try value(part, element, depth: depth) ?? .null) }
        return .array(elements)
    }

    /// Values that stand for a missing one where a field cannot tell.
    private static func isZero(_ value: JSON?) -> Bool {
        value == nil || value == "" || value == 0 || value == false
    }

    private func value(_ field: ProtobufField, _ type: SchemaType, depth: Int) throws -> JSON? {
        switch type {
        case .string: return .string(try field.string())
        case .int32: return .int(Int64(Int32(truncatingIfNeeded: try field.signed())))
        case .int64: return .int(try field.signed())
        case .bool: return .bool(try field.bool())
        case .bytes: return .string(Base64.encode(try field.bytes()))
        case .time: return try time(field, fractionDigits: 0)
        case .microtime: return try time(field, fractionDigits: 6)
        case .quantity: return try first(field).map { .string(try $0.string()) }
        case .intOrString: return try intOrString(field)
        case .any: return try first(field).map { try JSON(parsing: try $0.bytes()) }
        case .object(let schema): return try message(field.message(), schemas[schema], depth: depth)
        // None of the kinds has these here.
        case .double, .array, .map: throw ProtobufError.wrongType(field: field.number)
        }
    }

    /// The field number 1 of a message that wraps one value.
    private func first(_ field: ProtobufField) throws -> ProtobufField? {
        var reader = try field.message()
        while let part = try reader.nextField() {
            if part.number == 1 { return part }
        }
        return nil
    }

    /// Seconds and nanoseconds since 1970; nothing at all is no time.
    private func time(_ field: ProtobufField, fractionDigits: Int) throws -> JSON? {
        var (reader, seconds, nanoseconds) = (try field.message(), Int64(0), Int64(0))
        while let part = try reader.nextField() {
            if part.number == 1 { seconds = try part.signed() }
            if part.number == 2 { nanoseconds = try part.signed() }
        }
        // The zero time of Go lies before year 1, which no object has.
        guard (1..<9_000_000_000).contains(seconds), (0..<1_000_000_000).contains(nanoseconds) else { return nil }
        let time = Timestamp(nanoseconds: seconds * 1_000_000_000 + nanoseconds)
        return .string(time.formatted(fractionDigits: fractionDigits))
    }

    private func intOrString(_ field: ProtobufField) throws -> JSON {
        var (reader, isText, number, text) = (try field.message(), false, Int64(0), "")
        while let part = try reader.nextField() {
            switch part.number {
            case 1: isText = try part.signed() == 1
            case 2: number = try part.signed()
            case 3: text = try part.string()
            default: break
            }
        }
        return isText ? .string(text) : .int(number)
    }
}
