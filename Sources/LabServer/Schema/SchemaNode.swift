import JSON

/// One place in an object, with what its schema says of it; for built-in kinds and custom resources alike.
enum SchemaNode: Sendable {
    case builtIn(SchemaType, ListMerge)
    /// A JSON Schema as CustomResourceDefinitions have it.
    case custom(JSON)
    /// Nothing is known: lists are replaced, objects merged.
    case unknown

    /// The member `name` of the object here.
    func member(_ name: String) -> SchemaNode {
        switch self {
        case .unknown: return .unknown
        case .builtIn(.object(let schema), _):
            guard let field = BuiltInSchemas.shared[schema][name] else { return .unknown }
            return .builtIn(field.type, field.merge)
        case .builtIn(.map(let element), _): return .builtIn(element, .atomic)
        case .builtIn: return .unknown
        case .custom(let schema):
            if let property = schema["properties", name] { return .custom(property) }
            guard let additional = schema["additionalProperties"], additional.object != nil else { return .unknown }
            return .custom(additional)
        }
    }

    /// The elements of the list here.
    var element: SchemaNode {
        switch self {
        case .unknown: .unknown
        case .builtIn(.array(let element), _): .builtIn(element, .atomic)
        case .builtIn: .unknown
        case .custom(let schema): schema["items"].map { .custom($0) } ?? .unknown
        }
    }

    /// How the list here is merged.
    var merge: ListMerge {
        switch self {
        case .unknown: return .atomic
        case .builtIn(_, let merge): return merge
        case .custom(let schema):
            switch schema["x-kubernetes-list-type"]?.string {
            case "map":
                let keys = schema["x-kubernetes-list-map-keys"]?.array?.compactMap(\.string) ?? []
                return .byKey(keys, isStrategic: false)
            case "set": return .set(isStrategic: false)
            default: return .atomic
            }
        }
    }
}
