/// What a field of a built-in kind may hold.
indirect enum SchemaType: Hashable, Sendable {
    case string, int32, int64, bool, double
    /// Base64 of any octets.
    case bytes
    /// RFC 3339.
    case time, microtime
    case intOrString, quantity
    /// Anything at all, kept as it is.
    case any
    case array(SchemaType)
    case map(SchemaType)
    /// An object with the fields of the schema of this name, such as `core.PodSpec`.
    case object(String)
}

/// How two lists in one field are merged by a strategic merge patch or by server-side apply.
enum ListMerge: Hashable, Sendable {
    /// The new list replaces the old one.
    case atomic
    /// Elements with the same values under `keys` are merged; a strategic merge patch looks at the first key only.
    case byKey([String], isStrategic: Bool)
    /// The union of both.
    case set(isStrategic: Bool)
}

struct SchemaField: Hashable, Sendable {
    let name: String
    let type: SchemaType
    /// Whether an object without it is invalid.
    let isRequired: Bool
    let merge: ListMerge
}

/// The fields of one object of a built-in kind.
struct ObjectSchema: Sendable {
    /// Package and kind, such as `core.PodSpec`.
    let name: String
    /// In the order of the API's documentation.
    let fields: [SchemaField]
    private let byName: [String: SchemaField]

    init(name: String, fields: [SchemaField]) {
        self.name = name
        self.fields = fields
        byName = Dictionary(fields.map { ($0.name, $0) }) { first, _ in first }
    }

    subscript(field: String) -> SchemaField? { byName[field] }
}
