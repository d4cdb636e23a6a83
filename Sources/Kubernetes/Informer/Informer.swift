internal import Base
public import JSON
internal import Synchronization

/// Keeps a copy of all objects of one type, and tells what changes in it.
///
/// It lists, then watches from there; resumes a watch that ends where it ended; and lists again only when the server
/// no longer remembers that far back. What it holds is the last known good state, also while the server is away.
public final class Informer: Sendable {
    public let type: ResourceType
    private let api: any KubernetesAPI
    private let namespace: String?
    private let labelSelector: String?
    private let fieldSelector: String?
    private let isOptional: Bool
    private let transform: @Sendable (JSON) -> JSON
    private let state = Mutex(State())
    private let log = Log("kube")

    /// How often a type is looked for that the server does not have.
    private static let absence = Duration.seconds(60)

    private struct State {
        var objects: [ObjectKey: JSON] = [:]
        /// Where the watch goes on; nil when a list is needed.
        var resourceVersion: String?
        var isSynced = false
        var feeds: [ChangeFeed] = []
        var syncWaiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    /// - Parameters:
    ///   - namespace: nil means all namespaces, or a cluster-scoped type.
    ///   - isOptional: Whether servers may not have the type at all; then it counts as listed, and there are none.
    ///   - transform: Makes of an object what is kept of it, to save memory; drops `managedFields` unless given.
    public init(
        _ api: any KubernetesAPI,
        _ type: ResourceType,
        namespace: String? = nil,
        labelSelector: String? = nil,
        fieldSelector: String? = nil,
        isOptional: Bool = false,
        keeping transform: @escaping @Sendable (JSON) -> JSON = Informer.withoutManagedFields
    ) {
        self.api = api
        self.type = type
        self.namespace = namespace
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.isOptional = isOptional
        self.transform = transform
    }

    /// The object without the record of who set which field, which is often most of it.
    public static func withoutManagedFields(_ object: JSON) -> JSON {
        guard object["metadata", "managedFields"] != nil else { return object }
        var object = object
        object["metadata", "managedFields"] = nil
        return object
    }

    // What is known.

    public var objects: [JSON] { state.withLock { Array($0.objects.values) } }
    public func object(_ key: ObjectKey) -> JSON? { state.withLock { $0.objects[key] } }
    public func object(namespace: String = "", name: String) -> JSON? {
        object(ObjectKey(namespace: namespace, name: name))
    }
    /// Whether the first list has arrived.
    public var isSynced: Bool { state.withLock { $0.isSynced } }

    /// Sends all changes to `feed` too; those objects that are known already come first, as new ones.
    public func report(to feed: ChangeFeed) {
        state.withLock { state in
            state.feeds.append(feed)
            feed.append(state.objects.map { ObjectChange(type: type, key: $0.key, before: nil, after: $0.value) })
        }
    }

    /// A feed of this informer alone.
    public func changes() -> ChangeFeed {
        let feed = ChangeFeed()
        report(to: feed)
        return feed
    }

    /// Waits for the first list, or for the end of the calling task.
    public func waitUntilSynced() async {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isSynced || Task.isCancelled { return true }
                    state.syncWaiters[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.syncWaiters.removeValue(forKey: number) }?.resume()
        }
    }

    /// Takes of every object only what `transform` says now, which may be less than when the object came.
    ///
    /// Nobody is told: no object has changed.
    public func keepAnew() {
        state.withLock { state in state.objects = state.objects.mapValues(transform) }
    }

    // Keeping it current.

    /// Lists and watches until the task is cancelled.
    public func run() async {
        var backoff = Backoff()
        while !Task.isCancelled {
            do {
                if try await step() { backoff.succeeded() }
            } catch let error as StatusError where isOptional && error.isNotFound {
                if !isSynced {
                    log.info("\(type) are not served here, and not waited for")
                    clear()
                }
                try? await Task.sleep(for: Self.absence)  // Cancelled: the loop ends.
            } catch {
                if Task.isCancelled { return }
                let wait = backoff.failed()
                log.warn("watch of \(type) failed, next attempt in \(wait): \(error)")
                try? await Task.sleep(for: wait)  // Cancelled: the loop ends.
            }
        }
    }

    /// Forgets everything and reports it as gone; for a type that the server no longer serves.
    public func clear() {
        replace(with: ObjectList(items: [], resourceVersion: ""))
        state.withLock { $0.resourceVersion = nil }
    }

    /// One list when one is needed, then one watch until it ends.
    ///
    /// - Returns: Whether anything was learnt, so that waits begin anew.
    private func step() async throws -> Bool {
        var hasLearnt = false
        if state.withLock({ $0.resourceVersion == nil }) {
            replace(
                with: try await api.list(
                    type,
                    namespace: namespace,
                    labelSelector: labelSelector,
                    fieldSelector: fieldSelector
                )
            )
            hasLearnt = true
        }
        do {
            return try await watch() || hasLearnt
        } catch let error as StatusError where error.isExpired {
            log.debug("watch of \(type) is too far behind: listing again")
            state.withLock { $0.resourceVersion = nil }
            // A server that expires at once what it has just listed must not be asked in a tight loop.
            if hasLearnt { throw error }
            return false
        }
    }

    private func watch() async throws -> Bool {
        let start = state.withLock { $0.resourceVersion } ?? "0"
        let began = ContinuousClock.now
        var hasLearnt = false
        let events = try await api.watch(
            type,
            namespace: namespace,
            resourceVersion: start,
            labelSelector: labelSelector,
            fieldSelector: fieldSelector
        )
        for try await event in events {
            apply(event)
            hasLearnt = true
        }
        if !hasLearnt, ContinuousClock.now - began < .seconds(1), !Task.isCancelled {
            throw MeshError(.unavailable, "the server ends the watch at once")
        }
        return true
    }

    private func apply(_ event: WatchEvent) {
        switch event {
        case .added(let object), .modified(let object):
            set(object.metadata.key, transform(object), version: object.metadata.resourceVersion)
        case .deleted(let object):
            set(object.metadata.key, nil, version: object.metadata.resourceVersion)
        case .bookmark(let version):
            state.withLock { $0.resourceVersion = version }
        }
    }

    private func set(_ key: ObjectKey, _ object: JSON?, version: String) {
        state.withLock { state in
            if !version.isEmpty { state.resourceVersion = version }
            let before = state.objects[key]
            state.objects[key] = object
            guard before != object else { return }
            // Under the lock, so that every feed sees the changes of an object in their order.
            let change = ObjectChange(type: type, key: key, before: before, after: object)
            for feed in state.feeds { feed.append(change) }
        }
    }

    private func replace(with list: ObjectList) {
        var objects: [ObjectKey: JSON] = [:]
        for item in list.items { objects[item.metadata.key] = transform(item) }
        let waiters = state.withLock { state in
            var changes: [ObjectChange] = []
            for (key, before) in state.objects where objects[key] == nil {
                changes.append(ObjectChange(type: type, key: key, before: before, after: nil))
            }
            for (key, after) in objects where state.objects[key] != after {
                changes.append(ObjectChange(type: type, key: key, before: state.objects[key], after: after))
            }
            state.objects = objects
            state.resourceVersion = list.resourceVersion
            state.isSynced = true
            for feed in state.feeds { feed.append(changes) }
            defer { state.syncWaiters = [:] }
            return Array(state.syncWaiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }
}
