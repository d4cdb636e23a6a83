import Base
import JSON
import Kubernetes

/// CustomResourceDefinitions: named consistently, and served from the moment they are stored.
struct CustomResourceDefinitionStrategy: ResourceStrategy {
    var hasGeneration: Bool { true }

    func applyDefaults(_ object: inout JSON) {
        object.change("spec") { spec in
            spec.change("names") { names in
                let kind = names["kind"]?.string ?? ""
                names.setDefault("singular", .string(kind.lowercased()))
                names.setDefault("listKind", .string(kind + "List"))
            }
            spec.setDefault("conversion", ["strategy": "None"])
        }
    }

    func prepareForCreate(_ object: inout JSON) { setStatus(&object) }
    func prepareForUpdate(_ object: inout JSON, old: JSON) { setStatus(&object) }

    /// Nothing has to happen between storing and serving, so that the conditions are true at once.
    private func setStatus(_ object: inout JSON) {
        let time = JSON.string(object.metadata.creationTimestamp?.description ?? Timestamp.now.description)
        func condition(_ type: String, _ reason: String, _ message: String) -> JSON {
            [
                "type": .string(type), "status": "True", "lastTransitionTime": time, "reason": .string(reason),
                "message": .string(message),
            ]
        }
        let stored = (object["spec", "versions"]?.array ?? []).filter { $0["storage"]?.bool ?? false }
        object["status"] = [
            "acceptedNames": object["spec", "names"] ?? [:],
            "conditions": [
                condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ],
            "storedVersions": .array(stored.compactMap { $0["name"] }),
        ]
    }

    func validate(_ object: JSON, old: JSON?) -> [FieldError] {
        let spec = object["spec"] ?? .null
        var errors: [FieldError] = []
        let (group, plural) = (spec["group"]?.string ?? "", spec["names", "plural"]?.string ?? "")
        if group.isEmpty { errors.append(.required("spec.group")) }
        if plural.isEmpty { errors.append(.required("spec.names.plural")) }
        if (spec["names", "kind"]?.string ?? "").isEmpty { errors.append(.required("spec.names.kind")) }
        if object.metadata.name != "\(plural).\(group)" {
            let detail = "must be spec.names.plural+\".\"+spec.group"
            errors.append(.invalid("metadata.name", .string(object.metadata.name), detail))
        }
        errors += PodValidation.oneOf(spec["scope"] ?? "", ["Cluster", "Namespaced"], field: "spec.scope")
        let versions = spec["versions"]?.array ?? []
        if versions.filter({ $0["storage"]?.bool ?? false }).count != 1 {
            errors.append(
                .invalid("spec.versions", .array(versions), "must have exactly one version marked as storage version")
            )
        }
        for (index, version) in versions.enumerated() where version["schema", "openAPIV3Schema"] == nil {
            errors.append(.required("spec.versions[\(index)].schema.openAPIV3Schema", "schemas are required"))
        }
        if let old, old["spec", "scope"] != spec["scope"] {
            errors.append(.invalid("spec.scope", spec["scope"] ?? .null, "field is immutable"))
        }
        return errors
    }
}
