import JSON
import Kubernetes

/// The schemas of a document, by name, with the references between them.
struct SchemaDocument {
    /// Version 3 puts schemas under `components/schemas`, version 2 under `definitions`, and knows fewer keywords.
    enum Version { case v2, v3 }

    private let version: Version
    private(set) var schemas: [String: JSON] = [:]

    init(_ version: Version) { self.version = version }

    /// Adds the schema of a resource's kind and all it refers to.
    ///
    /// - Returns: Its name.
    @discardableResult
    mutating func add(_ definition: ResourceDefinition) -> String {
        let type = definition.type
        let kind: JSON = [
            "group": .string(type.group), "version": .string(type.version), "kind": .string(type.kind),
        ]
        let name: String
        switch definition.schema {
        case .builtIn(let schema):
            name = Self.name(schema)
            add(schema, as: name)
        case .custom(let schema):
            name = Self.customName(type)
            addCustom(schema, as: name)
        }
        let kinds = schemas[name]?["x-kubernetes-group-version-kind"]?.array ?? []
        schemas[name]?["x-kubernetes-group-version-kind"] = .array(kinds.filter { $0 != kind } + [kind])
        for field in ["apiVersion", "kind"] {
            schemas[name]?["properties", field] = [
                "type": "string", "description": .string(Descriptions.text("meta.TypeMeta", field) ?? ""),
            ]
        }
        return name
    }

    private mutating func add(_ schema: String, as name: String) {
        guard schemas[name] == nil else { return }
        schemas[name] = [:]  // Known before its fields are, for schemas refer to themselves.
        let object = BuiltInSchemas.shared[schema]
        var properties: [String: JSON] = [:]
        for field in object.fields {
            var property = reference(field.type, description: Descriptions.text(schema, field.name))
            Self.describe(field.merge, &property)
            properties[field.name] = property
        }
        var json: JSON = ["type": "object", "properties": .object(properties)]
        let required = object.fields.filter(\.isRequired).map(\.name)
        if !required.isEmpty { json["required"] = .strings(required) }
        if let description = Descriptions.text(schema, nil) { json["description"] = .string(description) }
        schemas[name] = json
    }

    private static func describe(_ merge: ListMerge, _ property: inout JSON) {
        switch merge {
        case .atomic: break
        case .set(let isStrategic):
            property["x-kubernetes-list-type"] = "set"
            if isStrategic { property["x-kubernetes-patch-strategy"] = "merge" }
        case .byKey(let keys, let isStrategic):
            property["x-kubernetes-list-type"] = "map"
            property["x-kubernetes-list-map-keys"] = .strings(keys)
            guard isStrategic else { return }
            property["x-kubernetes-patch-strategy"] = "merge"
            property["x-kubernetes-patch-merge-key"] = .string(keys[0])
        }
    }

    private mutating func reference(_ type: SchemaType, description: String? = nil) -> JSON {
        var json: JSON
        switch type {
        case .string: json = ["type": "string"]
        case .bool: json = ["type": "boolean"]
        case .int32: json = ["type": "integer", "format": "int32"]
        case .int64: json = ["type": "integer", "format": "int64"]
        case .double: json = ["type": "number", "format": "double"]
        case .bytes: json = ["type": "string", "format": "byte"]
        case .time, .microtime: json = ["type": "string", "format": "date-time"]
        case .intOrString: json = ["type": "string", "format": "int-or-string"]
        case .quantity:
            json = version == .v2 ? ["type": "string"] : ["oneOf": [["type": "string"], ["type": "number"]]]
        case .any: json = [:]
        case .array(let element): json = ["type": "array", "items": reference(element)]
        case .map(let element): json = ["type": "object", "additionalProperties": reference(element)]
        case .object(let schema):
            let name = Self.name(schema)
            add(schema, as: name)
            json = version == .v2 ? pointer(name) : ["allOf": [pointer(name)]]
        }
        if let description { json["description"] = .string(description) }
        return json
    }

    private func pointer(_ name: String) -> JSON {
        let prefix = version == .v2 ? "#/definitions/" : "#/components/schemas/"
        return ["$ref": .string(prefix + name)]
    }

    private mutating func addCustom(_ schema: StructuralSchema, as name: String) {
        add("meta.ObjectMeta", as: Self.name("meta.ObjectMeta"))
        var json = version == .v2 ? Self.reduced(schema.json) : schema.json
        json.setDefault("type", "object")
        if json["x-kubernetes-preserve-unknown-fields"] == nil || json["properties"] != nil {
            let metadata = pointer(Self.name("meta.ObjectMeta"))
            json["properties", "metadata"] = version == .v2 ? metadata : ["allOf": [metadata]]
            json["properties", "metadata", "description"] = Descriptions.text("", "metadata").map(JSON.string)
        }
        schemas[name] = json
    }

    /// What version 2 can say of a schema.
    private static func reduced(_ schema: JSON) -> JSON {
        if schema["x-kubernetes-int-or-string"]?.bool == true { return ["type": "string", "format": "int-or-string"] }
        var json: JSON = [:]
        for keyword in ["description", "type", "format", "required", "enum"] { json[keyword] = schema[keyword] }
        if schema["x-kubernetes-preserve-unknown-fields"]?.bool == true { return json }
        if let properties = schema["properties"]?.object { json["properties"] = .object(properties.mapValues(reduced)) }
        if let items = schema["items"] { json["items"] = reduced(items) }
        if let additional = schema["additionalProperties"], additional.object != nil {
            json["additionalProperties"] = reduced(additional)
        }
        return json
    }

    /// `core.Pod` is `io.k8s.api.core.v1.Pod`.
    private static func name(_ schema: String) -> String {
        let parts = schema.split(separator: ".").map(String.init)
        switch parts[0] {
        case "meta": return "io.k8s.apimachinery.pkg.apis.meta.v1.\(parts[1])"
        case "apiextensions": return "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.\(parts[1])"
        case "extensions": return "io.k8s.api.extensions.v1beta1.\(parts[1])"
        default: return "io.k8s.api.\(parts[0]).v1.\(parts[1])"
        }
    }

    /// `security.istio.io/v1 PeerAuthentication` is `io.istio.security.v1.PeerAuthentication`.
    private static func customName(_ type: ResourceType) -> String {
        let domain = type.group.split(separator: ".").reversed().joined(separator: ".")
        return "\(domain).\(type.version).\(type.kind)"
    }
}
