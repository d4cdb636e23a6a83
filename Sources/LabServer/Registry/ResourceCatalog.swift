import Kubernetes

/// All resources the server has at the moment: the built-in ones and those that CustomResourceDefinitions add.
struct ResourceCatalog: Sendable {
    private(set) var definitions: [ResourceDefinition]
    private var byPath: [String: Int]

    init(_ definitions: [ResourceDefinition]) {
        self.definitions = definitions
        let paths = definitions.enumerated().map { (Self.path($1.type.group, $1.type.version, $1.type.plural), $0) }
        byPath = Dictionary(paths) { first, _ in first }
    }

    func definition(group: String, version: String, plural: String) -> ResourceDefinition? {
        byPath[Self.path(group, version, plural)].map { definitions[$0] }
    }

    /// All versions of the resource whose objects are stored there.
    func versions(storedAt storage: String) -> [ResourceDefinition] { definitions.filter { $0.storage == storage } }

    /// The resource whose objects say they are `kind` of `apiVersion`.
    func definition(apiVersion: String, kind: String) -> ResourceDefinition? {
        definitions.first { $0.type.kind == kind && $0.type.apiVersion == apiVersion && !$0.isReview }
    }

    private static func path(_ group: String, _ version: String, _ plural: String) -> String {
        "\(group)/\(version)/\(plural)"
    }
}
