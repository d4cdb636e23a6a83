import JSON
import Kubernetes

/// OpenAPI documents, with as much as kubectl reads: schemas, and for each resource what can be done with it.
enum OpenAPIDocument {
    private static let info: JSON = ["title": "Kubernetes", "version": .string(KubernetesRelease.emulated)]

    /// `/openapi/v2`: everything in one document.
    static func v2(_ catalog: ResourceCatalog) -> JSON {
        var document = SchemaDocument(.v2)
        var paths: [String: JSON] = [:]
        for definition in catalog.definitions {
            document.add(definition)
            paths.merge(self.paths(definition, isV3: false)) { first, _ in first }
        }
        return [
            "swagger": "2.0", "info": info, "paths": .object(paths), "definitions": .object(document.schemas),
        ]
    }

    /// `/openapi/v3/…`: one version of one group.
    static func v3(_ definitions: [ResourceDefinition]) -> JSON {
        var document = SchemaDocument(.v3)
        var paths: [String: JSON] = [:]
        for definition in definitions {
            document.add(definition)
            paths.merge(self.paths(definition, isV3: true)) { first, _ in first }
        }
        return [
            "openapi": "3.0.0", "info": info, "paths": .object(paths),
            "components": ["schemas": .object(document.schemas)],
        ]
    }

    private static func paths(_ definition: ResourceDefinition, isV3: Bool) -> [String: JSON] {
        let type = definition.type
        let collection = type.path(namespace: type.isNamespaced ? "{namespace}" : nil)
        func operation(_ action: String, _ parameters: [String] = []) -> JSON {
            [
                "x-kubernetes-action": .string(action),
                "x-kubernetes-group-version-kind": [
                    "group": .string(type.group), "version": .string(type.version), "kind": .string(type.kind),
                ],
                "parameters": .array(parameters.map { parameter($0, isV3: isV3) }),
                "responses": ["200": ["description": "OK"]],
            ]
        }
        let writing = ["dryRun", "fieldManager", "fieldValidation"]
        if definition.isReview { return [collection: ["post": operation("post", writing)]] }
        var patch = operation("patch", writing + ["force"])
        if isV3 { patch["requestBody"] = ["content": .object(patchTypes(definition))] }
        return [
            collection: ["get": operation("list"), "post": operation("post", writing)],
            "\(collection)/{name}": [
                "get": operation("get"), "put": operation("put", writing), "patch": patch,
                "delete": operation("delete", ["dryRun"]),
            ],
        ]
    }

    private static func patchTypes(_ definition: ResourceDefinition) -> [String: JSON] {
        var types: [PatchType] = [.json, .merge, .apply]
        if case .builtIn = definition.schema { types.append(.strategicMerge) }
        return Dictionary(types.map { ($0.rawValue, ["schema": ["type": "object"]]) }) { first, _ in first }
    }

    private static func parameter(_ name: String, isV3: Bool) -> JSON {
        let type: JSON = name == "force" ? "boolean" : "string"
        var parameter: JSON = ["name": .string(name), "in": "query", "uniqueItems": true]
        if isV3 { parameter["schema"] = ["type": type, "uniqueItems": true] } else { parameter["type"] = type }
        return parameter
    }
}
