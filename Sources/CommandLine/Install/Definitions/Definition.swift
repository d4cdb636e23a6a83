internal import JSON

/// A kind that the mesh adds to the cluster, and its CustomResourceDefinition.
struct Definition: Sendable {
    var group: String
    var kind: String
    var plural: String
    var shortNames: [String] = []
    /// The versions served, the one that is stored first.
    var versions: [String]
    var isNamespaced = true
    /// Columns of `kubectl get` before AGE: name and path.
    var columns: [(name: String, path: String)] = []
    var spec: Schema
    /// Sentences for the fields of `spec` that have none yet.
    var descriptions: FieldDescriptions?

    private var listCategory: String {
        switch group {
        case "networking.istio.io": "networking-istio-io"
        case "security.istio.io", "authentication.istio.io": "security-istio-io"
        case "telemetry.istio.io": "telemetry-istio-io"
        default: "extensions-istio-io"
        }
    }

    var object: JSON {
        var names: JSON = [
            "kind": .string(kind), "listKind": .string("\(kind)List"), "plural": .string(plural),
            "singular": .string(kind.lowercased()), "categories": .strings(["istio-io", listCategory]),
        ]
        if !shortNames.isEmpty { names["shortNames"] = .strings(shortNames) }
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(plural).\(group)")],
            "spec": [
                "group": .string(group), "names": names, "scope": isNamespaced ? "Namespaced" : "Cluster",
                "versions": .array(versions.enumerated().map { version($1, isStored: $0 == 0) }),
            ],
        ]
    }

    private func version(_ name: String, isStored: Bool) -> JSON {
        let age: JSON = ["name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"]
        let own = columns.map { column -> JSON in
            ["name": .string(column.name), "type": "string", "jsonPath": .string(column.path)]
        }
        var schema = Schema.object(["spec": spec, "status": Schema.free.described("What the mesh makes of it.")]).json
        if let descriptions {
            schema["properties", "spec"] = FieldDescriptions.common.merging(descriptions).applied(to: spec.json)
        }
        schema["description"] = schema["properties", "spec", "description"]
        return [
            "name": .string(name), "served": true, "storage": .bool(isStored),
            "additionalPrinterColumns": .array(own + [age]), "subresources": ["status": [:]],
            "schema": ["openAPIV3Schema": schema],
        ]
    }

    /// Every kind, in the order in which they are installed.
    static let all: [Self] = networking + security + legacyAuthentication + others
}
