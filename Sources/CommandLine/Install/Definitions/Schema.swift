internal import JSON

/// A structural schema of a CustomResourceDefinition (OpenAPI v3, as Kubernetes allows it).
struct Schema: Sendable {
    private(set) var json: JSON

    private init(_ json: JSON) { self.json = json }

    static let string = Self(["type": "string"])
    static let boolean = Self(["type": "boolean"])
    static let integer = Self(["type": "integer", "format": "int32"])
    static let unsigned = Self(["type": "integer", "minimum": 0, "maximum": 4_294_967_295])
    static let number = Self(["type": "number", "format": "double"])
    static let port = Self(["type": "integer", "minimum": 0, "maximum": 65535])
    /// A duration such as `1.5s` or `250ms`.
    static let duration = Self(["type": "string"])
    /// Anything at all, kept as it is.
    static let free = Self(["type": "object", "x-kubernetes-preserve-unknown-fields": true])

    static func oneOf(_ values: String...) -> Self { Self(["type": "string", "enum": .strings(values)]) }
    static func list(_ element: Self) -> Self { Self(["type": "array", "items": element.json]) }
    static func map(_ element: Self) -> Self { Self(["type": "object", "additionalProperties": element.json]) }

    static func object(_ properties: [String: Self], required: [String] = []) -> Self {
        var json: JSON = ["type": "object", "properties": .object(properties.mapValues(\.json))]
        if !required.isEmpty { json["required"] = .strings(required) }
        return Self(json)
    }

    /// This schema with a sentence for `kubectl explain`.
    func described(_ text: String) -> Self { with("description", .string(text)) }

    /// This schema with one more keyword.
    func with(_ keyword: String, _ value: JSON) -> Self {
        var copy = self
        copy.json[keyword] = value
        return copy
    }

    /// This schema, of whose properties at most one of `names` may be there.
    func atMostOne(of names: String...) -> Self {
        let options = names.map { name -> JSON in ["required": [.string(name)]] }
        return with("oneOf", .array([["not": ["anyOf": .array(options)]]] + options))
    }

    /// This schema with a rule in CEL, and what to say when it does not hold.
    func rule(_ expression: String, _ message: String) -> Self {
        let rules = json["x-kubernetes-validations"]?.array ?? []
        return with(
            "x-kubernetes-validations",
            .array(rules + [["rule": .string(expression), "message": .string(message)]])
        )
    }
}
