public import JSON

/// What the API server calls a resource: where its objects are found.
public struct ResourceType: Hashable, Sendable, CustomStringConvertible {
    /// The API group, such as `apps`; empty for the core group.
    public let group: String
    /// The version, such as `v1`.
    public let version: String
    /// The name in URLs, such as `deployments`.
    public let plural: String
    /// The kind of one object, such as `Deployment`.
    public let kind: String
    /// Whether its objects live in namespaces.
    public let isNamespaced: Bool

    public init(_ group: String, _ version: String, _ plural: String, kind: String, isNamespaced: Bool = true) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.isNamespaced = isNamespaced
    }

    /// `group/version`, or `version` in the core group.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The path of a collection or, with `name`, of one object, and then of one of its subresources.
    public func path(namespace: String? = nil, name: String? = nil, subresource: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if let namespace, isNamespaced { path += "/namespaces/\(namespace)" }
        path += "/\(plural)"
        if let name { path += "/\(name)" }
        if let subresource { path += "/\(subresource)" }
        return path
    }

    public var description: String { group.isEmpty ? plural : "\(plural).\(group)" }
}

/// A list as the server gave it, and where to begin watching for what comes after.
public struct ObjectList: Sendable {
    public var items: [JSON]
    public var resourceVersion: String

    public init(items: [JSON], resourceVersion: String) {
        self.items = items
        self.resourceVersion = resourceVersion
    }
}

/// One change that a watch reports.
public enum WatchEvent: Sendable, Hashable {
    case added(JSON)
    case modified(JSON)
    case deleted(JSON)
    /// Nothing changed up to this resource version.
    case bookmark(resourceVersion: String)
}

/// How a patch's body is to be read.
public enum PatchType: String, Sendable {
    case json = "application/json-patch+json"
    case merge = "application/merge-patch+json"
    case strategicMerge = "application/strategic-merge-patch+json"
    case apply = "application/apply-patch+yaml"
}

/// A Kubernetes API, reached over the network or in the same process.
///
/// Objects are JSON values in the version that `type` names. Every call may throw ``StatusError``.
public protocol KubernetesAPI: Sendable {
    func get(_ type: ResourceType, namespace: String?, name: String) async throws -> JSON

    /// - Parameters:
    ///   - namespace: nil means all namespaces, or a cluster-scoped resource.
    ///   - labelSelector: In kubectl's syntax, such as `app=sleep,version!=v1`; nil selects everything.
    ///   - fieldSelector: Such as `spec.nodeName=node`.
    func list(
        _ type: ResourceType,
        namespace: String?,
        labelSelector: String?,
        fieldSelector: String?
    ) async throws -> ObjectList

    /// Changes after `resourceVersion`, until the stream's task is cancelled or the server ends the watch.
    ///
    /// - Throws: ``StatusError`` with code 410, from the stream, when that version is too old: list again.
    func watch(
        _ type: ResourceType,
        namespace: String?,
        resourceVersion: String,
        labelSelector: String?,
        fieldSelector: String?
    ) async throws -> AsyncThrowingStream<WatchEvent, any Error>

    /// Creates the object; the answer is the object as stored.
    func create(_ type: ResourceType, namespace: String?, _ object: JSON) async throws -> JSON

    /// Creates what a subresource makes of `object`, such as `token` of a service account or `eviction` of a pod.
    func create(
        _ type: ResourceType,
        namespace: String?,
        name: String,
        subresource: String,
        _ object: JSON
    ) async throws -> JSON

    /// Replaces the object, or only its status with `subresource` `status`.
    ///
    /// - Throws: ``StatusError`` with code 409 when `metadata.resourceVersion` is given and no longer current.
    func update(_ type: ResourceType, namespace: String?, subresource: String?, _ object: JSON) async throws -> JSON

    func patch(
        _ type: ResourceType,
        namespace: String?,
        name: String,
        subresource: String?,
        _ patchType: PatchType,
        _ patch: JSON
    ) async throws -> JSON

    /// - Parameter gracePeriodSeconds: nil leaves it to the object.
    func delete(_ type: ResourceType, namespace: String?, name: String, gracePeriodSeconds: Int?) async throws
}
