import JSON
import Kubernetes

/// The resources that CustomResourceDefinitions add.
enum CustomResources {
    static let storage = "apiextensions.k8s.io/customresourcedefinitions"

    static func definitions(in index: StoreIndex) -> [ResourceDefinition] {
        index.objects(of: storage).sorted { $0.key < $1.key }.flatMap { definitions($0.value.value) }
    }

    /// The served versions of one CustomResourceDefinition.
    static func definitions(_ crd: JSON) -> [ResourceDefinition] {
        let versions = crd["spec", "versions"]?.array ?? []
        let group = crd["spec", "group"]?.string ?? ""
        let names = crd["spec", "names"] ?? .null
        guard let stored = versions.first(where: { $0["storage"]?.bool ?? false })?["name"]?.string else { return [] }
        return versions.filter { $0["served"]?.bool ?? false }.map { version in
            let type = ResourceType(
                group,
                version["name"]?.string ?? "",
                names["plural"]?.string ?? "",
                kind: names["kind"]?.string ?? "",
                isNamespaced: crd["spec", "scope"]?.string == "Namespaced"
            )
            return definition(type, version, names: names, storedAPIVersion: "\(group)/\(stored)")
        }
    }

    private static func definition(
        _ type: ResourceType,
        _ version: JSON,
        names: JSON,
        storedAPIVersion: String
    ) -> ResourceDefinition {
        let schema = StructuralSchema(version["schema", "openAPIV3Schema"] ?? ["type": "object"])
        var definition = ResourceDefinition(
            type,
            storedAPIVersion: storedAPIVersion,
            singular: names["singular"]?.string ?? type.kind.lowercased(),
            schema: .custom(schema)
        )
        definition.shortNames = names["shortNames"]?.array?.compactMap(\.string) ?? []
        definition.categories = names["categories"]?.array?.compactMap(\.string) ?? []
        definition.subresources = Set(version["subresources"]?.object?.keys.map { $0 } ?? [])
        definition.scalePaths = version["subresources", "scale"]
        definition.strategy = CustomResourceStrategy(schema: schema)
        definition.columns = .custom(version["additionalPrinterColumns"]?.array ?? [])
        let selectable = version["selectableFields"]?.array?.compactMap { $0["jsonPath"]?.string } ?? []
        definition.selectableFields = Set(selectable.map { String($0.drop { $0 == "." }) })
        if version["deprecated"]?.bool ?? false {
            definition.deprecationWarning =
                version["deprecationWarning"]?.string ?? "\(type.apiVersion) \(type.kind) is deprecated"
        }
        return definition
    }
}
