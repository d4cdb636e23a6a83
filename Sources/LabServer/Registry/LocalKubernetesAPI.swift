public import JSON
public import Kubernetes

/// The API for the parts of the cluster that live in the server's process: the node and the controllers.
///
/// They pass admission like everybody, so that webhooks see the pods that controllers make.
public struct LocalKubernetesAPI: KubernetesAPI {
    private let registry: Registry

    init(registry: Registry) { self.registry = registry }

    private var context: RequestContext { RequestContext(user: .system) }

    public func get(_ type: ResourceType, namespace: String?, name: String) async throws -> JSON {
        try registry.get(registry.definition(type), namespace: namespace, name: name)
    }

    public func list(
        _ type: ResourceType,
        namespace: String?,
        labelSelector: String?,
        fieldSelector: String?
    ) async throws -> ObjectList {
        let definition = try registry.definition(type)
        let page = try registry.list(
            definition,
            Selection(definition, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector)
        )
        return ObjectList(items: page.items, resourceVersion: page.resourceVersion)
    }

    public func watch(
        _ type: ResourceType,
        namespace: String?,
        resourceVersion: String,
        labelSelector: String?,
        fieldSelector: String?
    ) async throws -> AsyncThrowingStream<WatchEvent, any Error> {
        let definition = try registry.definition(type)
        return try await registry.watch(
            definition,
            Selection(definition, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector),
            resourceVersion: resourceVersion
        )
    }

    public func create(_ type: ResourceType, namespace: String?, _ object: JSON) async throws -> JSON {
        try await registry.create(registry.definition(type), namespace: namespace, object, context)
    }

    public func create(
        _ type: ResourceType,
        namespace: String?,
        name: String,
        subresource: String,
        _ object: JSON
    ) async throws -> JSON {
        try await registry.create(
            registry.definition(type),
            namespace: namespace,
            name: name,
            subresource: subresource,
            object,
            context
        )
    }

    public func update(
        _ type: ResourceType,
        namespace: String?,
        subresource: String?,
        _ object: JSON
    ) async throws -> JSON {
        try await registry.update(
            registry.definition(type),
            namespace: namespace,
            name: object.metadata.name,
            subresource: subresource ?? "",
            object,
            context
        )
    }

    public func patch(
        _ type: ResourceType,
        namespace: String?,
        name: String,
        subresource: String?,
        _ patchType: PatchType,
        _ patch: JSON
    ) async throws -> JSON {
        try await registry.patch(
            registry.definition(type),
            namespace: namespace,
            name: name,
            subresource: subresource ?? "",
            patchType,
            patch,
            context
        )
    }

    public func delete(
        _ type: ResourceType,
        namespace: String?,
        name: String,
        gracePeriodSeconds: Int?
    ) async throws {
        let options = DeleteOptions(gracePeriodSeconds: gracePeriodSeconds.map(Int64.init))
        _ = try await registry.delete(
            registry.definition(type),
            namespace: namespace,
            name: name,
            options,
            context
        )
    }
}
