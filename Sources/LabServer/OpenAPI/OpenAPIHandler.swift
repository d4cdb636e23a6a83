import HTTP
import JSON
import Kubernetes

/// `/openapi/v2` and `/openapi/v3`.
struct OpenAPIHandler: Sendable {
    let catalog: ResourceCatalog

    /// As clients ask for it but with a dot in the place of `@`, which none of them can read in an answer.
    private static let protobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

    func respond(to request: APIRequest) throws -> APIResponse {
        switch (request.path.count, request.path.dropFirst().first) {
        case (2, "v2"):
            let document = OpenAPIDocument.v2(catalog)
            guard request.fields["Accept"]?.contains("protobuf") == true else { return .json(document) }
            return APIResponse(200, type: Self.protobufType, .whole(OpenAPIProtobuf.encode(document)))
        case (2, "v3"): return .json(["paths": .object(index)])
        case (_, "v3"):
            let path = request.path.dropFirst(2).joined(separator: "/")
            guard let definitions = groups[path] else { throw StatusError.pathNotFound() }
            return .json(OpenAPIDocument.v3(definitions))
        default: throw StatusError.pathNotFound()
        }
    }

    /// The resources of each version, by its path, such as `apis/apps/v1`.
    private var groups: [String: [ResourceDefinition]] {
        Dictionary(grouping: catalog.definitions) { definition in
            definition.type.group.isEmpty ? "api/\(definition.type.version)" : "apis/\(definition.type.apiVersion)"
        }
    }

    private var index: [String: JSON] {
        groups.reduce(into: [:]) { index, group in
            let hash = String(Self.hash(group.value), radix: 16)
            index[group.key] = ["serverRelativeURL": .string("/openapi/v3/\(group.key)?hash=\(hash)")]
        }
    }

    /// Another number for another document (FNV-1a), so that clients may cache by address.
    private static func hash(_ definitions: [ResourceDefinition]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ bytes: [UInt8]) { for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 } }
        for definition in definitions {
            add(Array(definition.type.plural.utf8))
            if case .custom(let schema) = definition.schema { add(schema.json.bytes()) }
        }
        return hash
    }
}
