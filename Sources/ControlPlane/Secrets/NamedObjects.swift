internal import JSON
internal import Kubernetes
internal import Synchronization

/// The Secrets or ConfigMaps of one namespace that somebody asked for by name.
///
/// One watch follows the whole namespace, however many names there are, but of all other objects only the names are
/// kept: a control plane that holds every Secret of a big cluster would need the memory, and be worth the theft. A name
/// that is asked for later is read once, and followed from then on.
final class NamedObjects: Sendable {
    /// What is known of one name.
    enum Knowledge {
        case unknown
        case absent
        case present(JSON)
    }

    private struct State {
        var names: Set<String> = []
        /// What was read of names that the watch had passed by before they were asked for.
        var fetched: [String: JSON] = [:]
    }

    private final class Names: Sendable {
        let state = Mutex(State())
    }

    /// Neither releases that Helm stores, often a megabyte each, nor tokens are certificates.
    private static let secretsOfInterest = "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token"
    /// Marks an object of which only the name is kept, and of which the rest does not come back when it is asked for.
    private static let mark = "isNameOnly"

    let type: ResourceType
    let namespace: String
    private let api: any KubernetesAPI
    private let informer: Informer
    private let names: Names

    init(_ api: any KubernetesAPI, _ type: ResourceType, namespace: String) {
        self.api = api
        self.type = type
        self.namespace = namespace
        let names = Names()
        self.names = names
        informer = Informer(
            api,
            type,
            namespace: namespace,
            fieldSelector: type == .secrets ? Self.secretsOfInterest : nil,
            keeping: { object in Self.kept(object, isNamed: names.state.withLock { $0.names.contains(object.name) }) }
        )
    }

    private static func kept(_ object: JSON, isNamed: Bool) -> JSON {
        var kept: JSON = ["metadata": ["name": .string(object.name)]]
        kept["metadata", "namespace"] = object["metadata", "namespace"]
        guard isNamed, object[mark] == nil else {
            kept[mark] = true
            return kept
        }
        kept["data"] = object["data"]
        kept["type"] = object["type"]
        return kept
    }

    /// Follows the namespace until the task is cancelled, and reports to `feed` what becomes of the names.
    func run(reportingTo feed: ChangeFeed) async {
        informer.report(to: feed)
        await informer.run()
    }

    /// Whether the first list has arrived.
    var isSynced: Bool { informer.isSynced }

    /// Waits for the first list, or for the end of the calling task.
    func waitUntilSynced() async { await informer.waitUntilSynced() }

    /// What `name` is; `unknown` until the first list, and until ``fetched(_:_:)`` for a name that was new.
    func look(up name: String) -> Knowledge {
        let isNew = names.state.withLock { $0.names.insert(name).inserted }
        guard isSynced else { return .unknown }
        guard let object = informer.object(namespace: namespace, name: name) else { return .absent }
        if object[Self.mark] == nil { return .present(object) }
        if isNew { return .unknown }
        return names.state.withLock { $0.fetched[name] }.map(Knowledge.present) ?? .unknown
    }

    /// Whether `name` has to be read by itself, because the watch had passed it by.
    func needsFetching(_ name: String) -> Bool {
        guard isSynced, let object = informer.object(namespace: namespace, name: name) else { return false }
        return object[Self.mark] != nil && names.state.withLock { $0.fetched[name] == nil }
    }

    /// Reads `wanted` together, from one list.
    ///
    /// - Returns: Those that are there.
    func fetchAll(_ wanted: Set<String>) async throws -> Set<String> {
        let fields = type == .secrets ? Self.secretsOfInterest : nil
        let list = try await api.list(type, namespace: namespace, labelSelector: nil, fieldSelector: fields)
        let found = list.items.filter { wanted.contains($0.name) }
        for object in found { fetched(object.name, object) }
        return Set(found.map(\.name))
    }

    /// Takes what was read of `name`; what the watch says wins over it.
    func fetched(_ name: String, _ object: JSON) {
        names.state.withLock { $0.fetched[name] = Self.kept(object, isNamed: true) }
    }

    /// Forgets what other names than these hold.
    func keepOnly(_ wanted: Set<String>) {
        let isLess = names.state.withLock { state in
            defer {
                state.names = wanted
                state.fetched = state.fetched.filter { wanted.contains($0.key) }
            }
            return !state.names.isSubset(of: wanted)
        }
        if isLess { informer.keepAnew() }
    }
}

extension JSON {
    fileprivate var name: String { self["metadata", "name"]?.string ?? "" }
}
