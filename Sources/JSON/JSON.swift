/// A JSON value (RFC 8259).
///
/// Whole numbers that fit 64 bits stay exact. An object keeps no order; it is written with its keys sorted, so that
/// equal values have equal bytes.
public enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByFloatLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}

extension JSON {
    /// The member `key`; nil when this is no object or has no such member.
    ///
    /// Setting it on anything but an object makes an object of it; setting nil removes the member.
    public subscript(key: String) -> JSON? {
        get {
            guard case .object(let members) = self else { return nil }
            return members[key]
        }
        set {
            var members: [String: JSON] = [:]
            if case .object(let existing) = self { members = existing }
            self = .null  // Gives up the reference, so that the change below happens in place.
            members[key] = newValue
            self = .object(members)
        }
    }

    /// The member reached by following `path` from here; nil as soon as one is missing.
    public subscript(path: [String]) -> JSON? {
        get { path.reduce(Optional(self)) { value, key in value?[key] } }
        set {
            guard let first = path.first else {
                self = newValue ?? .null
                return
            }
            if path.count == 1 {
                self[first] = newValue
            } else {
                var child = self[first] ?? .object([:])
                child[Array(path.dropFirst())] = newValue
                self[first] = child
            }
        }
    }

    public subscript(_ first: String, _ second: String, _ rest: String...) -> JSON? {
        get { self[[first, second] + rest] }
        set { self[[first, second] + rest] = newValue }
    }

    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    public var object: [String: JSON]? { if case .object(let value) = self { value } else { nil } }
    public var isNull: Bool { self == .null }

    /// A whole number, also when it was written with a fraction of zero.
    public var int: Int64? {
        switch self {
        case .int(let value): value
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }

    public var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// An object whose members are all strings, as labels and annotations are; nil for anything else.
    public var strings: [String: String]? {
        guard let object else { return nil }
        var result: [String: String] = [:]
        for (key, value) in object {
            guard let text = value.string else { return nil }
            result[key] = text
        }
        return result
    }

    public static func strings(_ values: [String: String]) -> JSON { .object(values.mapValues { .string($0) }) }
    public static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }

    /// The kind of value in JSON Schema's words: `object`, `array`, `string`, `integer`, `number`, `boolean`, `null`.
    public var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .int: "integer"
        case .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
