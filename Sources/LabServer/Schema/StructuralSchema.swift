import JSON

/// The schema of one version of a custom resource (`apiextensions.k8s.io/v1`).
struct StructuralSchema: Sendable {
    /// `openAPIV3Schema`; of an object without properties when there is none.
    let json: JSON

    init(_ json: JSON) { self.json = json }

    /// What every object has, whether its schema says so or not.
    private static let objectFields: Set<String> = ["apiVersion", "kind", "metadata"]

    // MARK: Pruning

    /// Drops the fields that the schema does not have.
    ///
    /// - Returns: Their paths.
    func prune(_ object: inout JSON) -> [String] {
        var dropped: [String] = []
        Self.prune(&object, json, path: "", isResource: true, &dropped)
        return dropped
    }

    private static func prune(
        _ value: inout JSON,
        _ schema: JSON,
        path: String,
        isResource: Bool,
        _ dropped: inout [String]
    ) {
        switch value {
        case .object(var members):
            value = .null  // Gives up the reference, so that the members change in place.
            let keepsUnknown = keepsUnknown(schema)
            for (name, member) in members {
                let memberPath = path.isEmpty ? name : "\(path).\(name)"
                if isResource, objectFields.contains(name) {
                    if name == "metadata" { members[name] = pruneMetadata(member, path: memberPath, &dropped) }
                } else if let child = childSchema(schema, name) {
                    var member = member
                    let isEmbedded = child["x-kubernetes-embedded-resource"]?.bool ?? false
                    prune(&member, child, path: memberPath, isResource: isEmbedded, &dropped)
                    members[name] = member
                } else if !keepsUnknown {
                    members[name] = nil
                    dropped.append(memberPath)
                }
            }
            value = .object(members)
        case .array(let elements):
            guard let items = schema["items"] else { return }
            let isEmbedded = items["x-kubernetes-embedded-resource"]?.bool ?? false
            value = .array(
                elements.enumerated().map { index, element in
                    var element = element
                    prune(&element, items, path: "\(path)[\(index)]", isResource: isEmbedded, &dropped)
                    return element
                }
            )
        default: return
        }
    }

    private static func pruneMetadata(_ metadata: JSON, path: String, _ dropped: inout [String]) -> JSON {
        guard var members = metadata.object else { return metadata }
        let known = BuiltInSchemas.shared["meta.ObjectMeta"]
        for name in members.keys where known[name] == nil {
            members[name] = nil
            dropped.append("\(path).\(name)")
        }
        return .object(members.filter { !$0.value.isNull })
    }

    private static func keepsUnknown(_ schema: JSON) -> Bool {
        schema["x-kubernetes-preserve-unknown-fields"]?.bool == true || schema["additionalProperties"] == true
    }

    private static func childSchema(_ schema: JSON, _ name: String) -> JSON? {
        if let property = schema["properties", name] { return property }
        guard let additional = schema["additionalProperties"], additional.object != nil else { return nil }
        return additional
    }

    // MARK: Defaults

    /// Fills in what is missing and has a default.
    func applyDefaults(_ object: inout JSON) { Self.applyDefaults(&object, json) }

    private static func applyDefaults(_ value: inout JSON, _ schema: JSON) {
        switch value {
        case .object(var members):
            value = .null
            for (name, property) in schema["properties"]?.object ?? [:] {
                let isNullable = property["nullable"]?.bool ?? false
                if members[name] == nil || (members[name] == .null && !isNullable), let filling = property["default"] {
                    members[name] = filling
                }
                if var member = members[name] {
                    applyDefaults(&member, property)
                    // What may not be null and has no default is as if it were not there.
                    members[name] = member.isNull && !isNullable ? nil : member
                }
            }
            if let additional = schema["additionalProperties"], additional.object != nil {
                for (name, member) in members where schema["properties", name] == nil {
                    var member = member
                    applyDefaults(&member, additional)
                    members[name] = member
                }
            }
            value = .object(members)
        case .array(let elements):
            guard let items = schema["items"] else { return }
            value = .array(
                elements.map { element in
                    var element = element
                    applyDefaults(&element, items)
                    return element
                }
            )
        default: return
        }
    }

    // MARK: Validation

    /// What is wrong with an object, in the API server's words.
    func validate(_ object: JSON) -> [FieldError] {
        var members = object.object ?? [:]
        for field in Self.objectFields { members[field] = nil }
        var schema = json
        for field in Self.objectFields { schema["properties", field] = nil }
        if let required = schema["required"]?.array {
            schema["required"] = .array(required.filter { !Self.objectFields.contains($0.string ?? "") })
        }
        return SchemaValidation(schema).errors(.object(members), path: "")
    }
}
