public import JSON
public import Kubernetes
import Synchronization

/// A Kubernetes API in memory: enough of one to test what reads and writes objects, with failures on demand.
///
/// It knows label selectors, resource versions, conflicts, merge patches and watches that remember everything since
/// ``forgetHistory()``; no admission, no defaults, no garbage collection.
public final class InMemoryAPI: KubernetesAPI {
    private struct Change {
        let version: Int
        let type: ResourceType
        let event: WatchEvent
    }

    private struct Watcher {
        let type: ResourceType
        let namespace: String?
        let continuation: AsyncThrowingStream<WatchEvent, any Error>.Continuation
    }

    private struct State {
        var version = 1
        var objects: [ResourceType: [ObjectKey: JSON]] = [:]
        var history: [Change] = []
        var forgottenVersion = 0
        var watchers: [Int: Watcher] = [:]
        var nextWatcher = 0
        var failures: [any Error] = []
        var missingTypes: Set<ResourceType> = []
        var lists = 0
        var watches = 0
    }

    private let state = Mutex(State())
    private let reviewer: @Sendable (ResourceType, JSON) throws -> JSON?

    /// - Parameter reviewer: Answers the creation of objects that are not stored, such as token reviews; nil stores them.
    public init(reviewer: @escaping @Sendable (ResourceType, JSON) throws -> JSON? = { _, _ in nil }) {
        self.reviewer = reviewer
    }

    // Making trouble.

    /// The next list, watch or patch throws `error`.
    public func failNext(_ error: any Error) { state.withLock { $0.failures.append(error) } }

    /// From now on watches from before this moment are answered with 410.
    public func forgetHistory() {
        state.withLock { state in
            state.history = []
            state.forgottenVersion = state.version
        }
    }

    /// Ends all watches, with `error` if there is one.
    public func endWatches(throwing error: (any Error)? = nil) {
        let watchers = state.withLock { state in
            defer { state.watchers = [:] }
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.continuation.finish(throwing: error) }
    }

    public var counts: (lists: Int, watches: Int) { state.withLock { ($0.lists, $0.watches) } }
    public var openWatches: Int { state.withLock { $0.watchers.count } }

    /// Adds or replaces an object, whatever its resource version.
    @discardableResult
    public func put(_ type: ResourceType, _ object: JSON) -> JSON {
        state.withLock { Self.store(type, object, in: &$0) }
    }

    public func remove(_ type: ResourceType, namespace: String = "", name: String) {
        state.withLock { state in
            let key = ObjectKey(namespace: namespace, name: name)
            guard var object = state.objects[type]?.removeValue(forKey: key) else { return }
            state.version += 1
            object["metadata", "resourceVersion"] = .string(String(state.version))
            Self.record(type, .deleted(object), in: &state)
        }
    }

    private static func store(_ type: ResourceType, _ object: JSON, in state: inout State) -> JSON {
        var object = object
        let key = object.metadata.key
        let existing = state.objects[type]?[key]
        state.version += 1
        object["kind"] = .string(type.kind)
        object["apiVersion"] = .string(type.apiVersion)
        object["metadata", "resourceVersion"] = .string(String(state.version))
        if object["metadata", "uid"] == nil {
            object["metadata", "uid"] = existing?["metadata", "uid"] ?? .string("uid-\(state.version)")
        }
        state.objects[type, default: [:]][key] = object
        record(type, existing == nil ? .added(object) : .modified(object), in: &state)
        return object
    }

    private static func record(_ type: ResourceType, _ event: WatchEvent, in state: inout State) {
        state.history.append(Change(version: state.version, type: type, event: event))
        for watcher in state.watchers.values where watcher.type == type && includes(watcher.namespace, event) {
            watcher.continuation.yield(event)
        }
    }

    private static func includes(_ namespace: String?, _ event: WatchEvent) -> Bool {
        guard let namespace else { return true }
        switch event {
        case .added(let object), .modified(let object), .deleted(let object):
            return object.metadata.namespace == namespace
        case .bookmark: return true
        }
    }

    private static func notFound(_ type: ResourceType, _ name: String) -> StatusError {
        StatusError(code: 404, reason: "NotFound", message: "\(type) \"\(name)\" not found")
    }

    // KubernetesAPI.

    public func get(_ type: ResourceType, namespace: String?, name: String) async throws -> JSON {
        let key = ObjectKey(namespace: namespace ?? "", name: name)
        guard let object = state.withLock({ $0.objects[type]?[key] }) else { throw Self.notFound(type, name) }
        return object
    }

    public func list(
        _ type: ResourceType,
        namespace: String?,
        labelSelector: String?,
        fieldSelector: String?
    ) async throws -> ObjectList {
        let selector = try labelSelector.map { try LabelSelector(parsing: $0) }
        return try state.withLock { state in
            state.lists += 1
            if !state.failures.isEmpty { throw state.failures.removeFirst() }
            let items = (state.objects[type] ?? [:]).values.filter { object in
                (namespace == nil || object.metadata.namespace == namespace)
                    && (selector?.matches(object.metadata.labels) ?? true)
            }
            return ObjectList(items: items, resourceVersion: String(state.version))
        }
    }

    public func watch(
        _ type: ResourceType,
        namespace: String?,
        resourceVersion: String,
        labelSelector: String?,
        fieldSelector: String?
    ) async throws -> AsyncThrowingStream<WatchEvent, any Error> {
        let (stream, continuation) = AsyncThrowingStream<WatchEvent, any Error>.makeStream()
        let start = Int(resourceVersion) ?? 0
        let number = try state.withLock { state in
            state.watches += 1
            if !state.failures.isEmpty { throw state.failures.removeFirst() }
            if start < state.forgottenVersion {
                throw StatusError(code: 410, reason: "Expired", message: "too old resource version: \(start)")
            }
            for change in state.history
            where change.version > start && change.type == type && Self.includes(namespace, change.event) {
                continuation.yield(change.event)
            }
            state.nextWatcher += 1
            state.watchers[state.nextWatcher] = Watcher(type: type, namespace: namespace, continuation: continuation)
            return state.nextWatcher
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.watchers[number] = nil }
        }
        return stream
    }

    public func create(_ type: ResourceType, namespace: String?, _ object: JSON) async throws -> JSON {
        if let answer = try reviewer(type, object) { return answer }
        var object = object
        if let namespace { object["metadata", "namespace"] = .string(namespace) }
        return try state.withLock { state in
            guard state.objects[type]?[object.metadata.key] == nil else {
                throw StatusError(
                    code: 409,
                    reason: "AlreadyExists",
                    message: "\(type) \"\(object.metadata.name)\" already exists"
                )
            }
            return Self.store(type, object, in: &state)
        }
    }

    public func create(
        _ type: ResourceType,
        namespace: String?,
        name: String,
        subresource: String,
        _ object: JSON
    ) async throws -> JSON {
        throw StatusError(code: 404, reason: "NotFound", message: "the server could not find the requested resource")
    }

    public func update(
        _ type: ResourceType,
        namespace: String?,
        subresource: String?,
        _ object: JSON
    ) async throws -> JSON {
        try state.withLock { state in
            let key = object.metadata.key
            guard let existing = state.objects[type]?[key] else { throw Self.notFound(type, key.name) }
            let version = object.metadata.resourceVersion
            guard version.isEmpty || version == existing.metadata.resourceVersion else {
                throw StatusError(
                    code: 409,
                    reason: "Conflict",
                    message: "\(type) \"\(key.name)\": the object has been modified"
                )
            }
            var stored = subresource == nil ? object : existing
            if subresource == "status" { stored["status"] = object["status"] }
            return Self.store(type, stored, in: &state)
        }
    }

    public func patch(
        _ type: ResourceType,
        namespace: String?,
        name: String,
        subresource: String?,
        _ patchType: PatchType,
        _ patch: JSON
    ) async throws -> JSON {
        try state.withLock { state in
            if !state.failures.isEmpty { throw state.failures.removeFirst() }
            guard let existing = state.objects[type]?[ObjectKey(namespace: namespace ?? "", name: name)] else {
                throw Self.notFound(type, name)
            }
            return Self.store(type, Self.merge(patch, into: existing), in: &state)
        }
    }

    /// RFC 7396.
    private static func merge(_ patch: JSON, into value: JSON) -> JSON {
        guard let members = patch.object else { return patch }
        var result = value.object == nil ? JSON.object([:]) : value
        for (key, member) in members { result[key] = member.isNull ? nil : merge(member, into: result[key] ?? .null) }
        return result
    }

    public func delete(_ type: ResourceType, namespace: String?, name: String, gracePeriodSeconds: Int?) async throws {
        _ = try await get(type, namespace: namespace, name: name)
        remove(type, namespace: namespace ?? "", name: name)
    }
}
