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
    /// Its number in the kind's Protobuf message.
    let number: Int
    /// Whether zero and missing are two things.
    let hasPresence: Bool
}

/// The fields of one object of a built-in kind.
struct ObjectSchema: Sendable {
    /// Package and kind, such as `core.PodSpec`.
    let name: String
    /// In the order of the API's documentation; those of embedded objects in their place.
    let fields: [SchemaField]
    /// Objects whose fields appear as this one's in JSON, and as a message of their own in Protobuf, by its number.
    let embedded: [Int: String]
    private let byName: [String: SchemaField]
    private let byNumber: [Int: SchemaField]

    /// - Parameter own: The fields that are not embedded objects'.
    init(name: String, fields: [SchemaField], own: [SchemaField], embedded: [Int: String]) {
        self.name = name
        self.fields = fields
        self.embedded = embedded
        byName = Dictionary(fields.map { ($0.name, $0) }) { first, _ in first }
        byNumber = Dictionary(own.map { ($0.number, $0) }) { first, _ in first }
    }

    subscript(field: String) -> SchemaField? { byName[field] }

    /// The field with that number in Protobuf.
    subscript(number: Int) -> SchemaField? { byNumber[number] }
}
