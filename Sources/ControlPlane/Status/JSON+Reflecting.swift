internal import JSON

extension JSON {
    /// A value as JSON, by its stored properties and the names of its cases; for people who debug, not for programs.
    init(reflecting value: Any) {
        switch value {
        case let value as Bool: self = .bool(value)
        case let value as String: self = .string(value)
        case let value as any BinaryInteger: self = .int(Int64(clamping: value))
        case let value as Double: self = .double(value)
        case let value as Duration: self = .string("\(value)")
        default: self = Self.structure(of: value)
        }
    }

    private static func structure(of value: Any) -> JSON {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional: return mirror.children.first.map { JSON(reflecting: $0.value) } ?? .null
        case .collection, .set: return .array(mirror.children.map { JSON(reflecting: $0.value) })
        case .enum where mirror.children.isEmpty: return .string("\(value)")
        case .struct, .class, .enum, .tuple:
            var object: JSON = [:]
            for (index, child) in mirror.children.enumerated() {
                object[child.label ?? "\(index)"] = JSON(reflecting: child.value)
            }
            return object
        default: return .string("\(value)")
        }
    }
}
