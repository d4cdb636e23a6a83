internal import Base
internal import JSON
internal import Kubernetes
internal import Mesh
internal import MeshAPI
internal import YAML

/// Everything that decides who speaks how to whom, read once from the API server.
struct MeshSnapshot: Sendable {
    /// The mesh configuration in force; the defaults where there is no control plane.
    let config: MeshConfig
    let objects: [JSON]

    /// The model that the control plane would have of the same objects.
    var model: MeshModel { Self.model(config: config, objects: objects) }

    static func model(config: MeshConfig, objects: [JSON]) -> MeshModel {
        var model = MeshModel(config: config)
        for object in objects { _ = model.update(object) }
        return model
    }

    static func load(
        _ api: any KubernetesAPI,
        systemNamespace: String,
        revision: String = ""
    ) async throws -> Self {
        let objects = try await withThrowingTaskGroup(of: [JSON].self) { group in
            for type in types { group.addTask { try await Self.list(type, api) } }
            var all: [JSON] = []
            for try await items in group { all += items }
            return all
        }
        let config = try await config(api, namespace: systemNamespace, revision: revision)
        return Self(config: config, objects: objects)
    }

    private static let types: [ResourceType] = [
        .namespaces, .services, .endpoints, .endpointSlices, .pods, .peerAuthentications, .policies, .meshPolicies,
        .destinationRules, .virtualServices, .gateways, .serviceEntries, .workloadEntries, .sidecars,
    ]

    /// The objects of one collection; none where it does not exist.
    private static func list(_ type: ResourceType, _ api: any KubernetesAPI) async throws -> [JSON] {
        // Lists leave out what all their items share.
        try await (api.itemsIfServed(type) ?? []).map { item in
            var item = item
            item["kind"] = .string(type.kind)
            item["apiVersion"] = .string(type.apiVersion)
            return item
        }
    }

    private static func config(
        _ api: any KubernetesAPI,
        namespace: String,
        revision: String
    ) async throws -> MeshConfig {
        let name = revision.isEmpty || revision == "default" ? "istio" : "istio-\(revision)"
        do {
            let map = try await api.get(.configMaps, namespace: namespace, name: name)
            return try config(map["data", "mesh"]?.string ?? "", of: "ConfigMap \(namespace)/\(name)")
        } catch let error as StatusError where error.isNotFound {
            return MeshConfig()
        }
    }

    /// Reads the key `mesh` of the ConfigMap called `object`.
    static func config(_ text: String, of object: String) throws(MeshError) -> MeshConfig {
        do {
            return try MeshConfig(try YAML.value(text))
        } catch {
            throw MeshError(
                .invalidConfiguration,
                "the key mesh of \(object) cannot be read, so the control plane uses what it said before; correct it with "
                    + "kubectl edit or istioctl install",
                cause: error
            )
        }
    }
}
