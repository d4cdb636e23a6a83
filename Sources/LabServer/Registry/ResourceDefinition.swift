import JSON
import Kubernetes

/// One row of the table that drives the server: a resource in one of its versions.
struct ResourceDefinition: Sendable {
    let type: ResourceType
    /// Where the objects are stored, see ``StorageKey/resource``; versions of one resource share it.
    let storage: String
    /// The `apiVersion` that stored objects carry.
    let storedAPIVersion: String
    let singular: String
    var shortNames: [String] = []
    var categories: [String] = []
    let schema: ResourceSchema
    /// Such as `status`, `scale`, `log`.
    var subresources: Set<String> = []
    var strategy: any ResourceStrategy = PlainStrategy()
    /// Fields that field selectors may name, beside `metadata.name` and `metadata.namespace`.
    var selectableFields: Set<String> = []
    var columns: TableColumns = .plain
    /// Where a custom resource has its replicas, as its CustomResourceDefinition says; nil for built-in kinds.
    var scalePaths: JSON?
    /// Changes an object from the stored form to this version's and back, where more than `apiVersion` differs.
    var conversion: Conversion?
    /// Whether objects are answered and never stored, such as TokenReviews: only `create` is there.
    var isReview = false
    /// The warning that goes with every use of this version; nil unless it is deprecated.
    var deprecationWarning: String?

    struct Conversion: Sendable {
        let fromStored: @Sendable (JSON) -> JSON
        let toStored: @Sendable (JSON) -> JSON
    }

    init(_ type: ResourceType, storedAs stored: ResourceType? = nil, schema: ResourceSchema) {
        self.type = type
        let stored = stored ?? type
        storage = "\(stored.group)/\(stored.plural)"
        storedAPIVersion = stored.apiVersion
        singular = type.kind.lowercased()
        self.schema = schema
    }

    init(_ type: ResourceType, storedAPIVersion: String, singular: String, schema: ResourceSchema) {
        self.type = type
        storage = "\(type.group)/\(type.plural)"
        self.storedAPIVersion = storedAPIVersion
        self.singular = singular
        self.schema = schema
    }

    var verbs: [String] {
        isReview
            ? ["create"]
            : ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    }

    func key(namespace: String?, name: String) -> StorageKey {
        StorageKey(resource: storage, namespace: type.isNamespaced ? namespace ?? "" : "", name: name)
    }

    /// A stored object as this version shows it.
    func shown(_ stored: JSON) -> JSON {
        var object = conversion?.fromStored(stored) ?? stored
        object["apiVersion"] = .string(type.apiVersion)
        object["kind"] = .string(type.kind)
        return object
    }

    /// An object of this version as it is stored.
    func stored(_ shown: JSON) -> JSON {
        var object = conversion?.toStored(shown) ?? shown
        object["apiVersion"] = .string(storedAPIVersion)
        return object
    }
}

/// What an object of a resource may contain.
enum ResourceSchema: Sendable {
    /// The name of one of the ``BuiltInSchemas``.
    case builtIn(String)
    case custom(StructuralSchema)

    var node: SchemaNode {
        switch self {
        case .builtIn(let name): .builtIn(.object(name), .atomic)
        case .custom(let schema): .custom(schema.json)
        }
    }
}
