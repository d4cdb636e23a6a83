internal import Base
internal import JSON
internal import Kubernetes
internal import Synchronization

/// Follows everything that the mesh's model is made of, and reports it to one feed.
///
/// Istio's kinds are followed for as long as their CustomResourceDefinitions are there, which may come later.
final class ObjectWatch: Sendable {
    /// What is always there.
    private static let fixedTypes: [ResourceType] = [
        .namespaces, .services, .pods, .endpoints, .endpointSlices, .nodes,
    ]
    /// What is there when its definition is.
    private static let definedTypes: [ResourceType] = [
        .peerAuthentications, .policies, .meshPolicies, .destinationRules, .virtualServices, .gateways, .serviceEntries,
        .workloadEntries, .sidecars,
    ]

    private struct Following {
        let informer: Informer
        let task: Task<Void, Never>
    }

    private let api: any KubernetesAPI
    private let feed: ChangeFeed
    private let fixed: [ResourceType: Informer]
    private let definitions: Informer
    private let defined = Mutex<[ResourceType: Following]>([:])
    private let log = Log("kube")

    init(api: any KubernetesAPI, feed: ChangeFeed) {
        self.api = api
        self.feed = feed
        var fixed: [ResourceType: Informer] = [:]
        for type in Self.fixedTypes {
            // Kubernetes has this version of EndpointSlices since 1.21, and says the same with Endpoints.
            fixed[type] = Informer(api, type, isOptional: type == .endpointSlices, keeping: KeptParts.of(type))
        }
        self.fixed = fixed
        let type = ResourceType.customResourceDefinitions
        definitions = Informer(api, type, keeping: KeptParts.of(type))
    }

    var namespaces: Informer { informer(.namespaces) }
    var nodes: Informer { informer(.nodes) }

    private func informer(_ type: ResourceType) -> Informer {
        guard let informer = fixed[type] else { preconditionFailure("\(type) is not followed") }
        return informer
    }

    /// Runs until the task is cancelled.
    func run() async {
        let changes = definitions.changes()
        for informer in fixed.values { informer.report(to: feed) }
        await withTaskGroup { group in
            for informer in fixed.values { group.addTask { await informer.run() } }
            group.addTask { await self.definitions.run() }
            for await batch in changes { for change in batch { definitionChanged(change) } }
            group.cancelAll()
        }
        for following in defined.withLock({ $0.values.map(\.task) }) { following.cancel() }
    }

    /// Waits until all that is there now has been reported, so that nothing is decided on half of it.
    func waitUntilSynced() async {
        for informer in fixed.values { await informer.waitUntilSynced() }
        await definitions.waitUntilSynced()
        // Each definition known by now has its informer as soon as its change was taken from the feed.
        for object in definitions.objects { definitionChanged(ObjectChange(definition: object)) }
        for informer in defined.withLock({ $0.values.map(\.informer) }) { await informer.waitUntilSynced() }
    }

    private func definitionChanged(_ change: ObjectChange) {
        guard let wanted = Self.definedTypes.first(where: { "\($0)" == change.key.name }) else { return }
        let type = change.after.flatMap { Self.served(wanted, by: $0) }
        defined.withLock { defined in
            if let type {
                guard defined[wanted] == nil else { return }
                let informer = Informer(api, type, keeping: KeptParts.of(type))
                informer.report(to: feed)
                defined[wanted] = Following(informer: informer, task: Task { await informer.run() })
                log.info("following \(type) in version \(type.version)")
            } else if let following = defined.removeValue(forKey: wanted) {
                following.task.cancel()
                following.informer.clear()
                log.warn("\(wanted) are no longer defined: all of them count as deleted")
            }
        }
    }

    /// The type in a version that is served, ours if possible; nil before the definition is established.
    private static func served(_ type: ResourceType, by definition: JSON) -> ResourceType? {
        let isEstablished = (definition["status", "conditions"]?.array ?? []).contains {
            $0["type"] == "Established" && $0["status"] == "True"
        }
        guard isEstablished, definition["metadata", "deletionTimestamp"] == nil else { return nil }
        let versions = (definition["spec", "versions"]?.array ?? [])
            .filter { $0["served"]?.bool ?? false }.compactMap { $0["name"]?.string }
        guard let version = versions.contains(type.version) ? type.version : versions.first else { return nil }
        return ResourceType(type.group, version, type.plural, kind: type.kind, isNamespaced: type.isNamespaced)
    }
}

extension ObjectChange {
    fileprivate init(definition: JSON) {
        self.init(
            type: .customResourceDefinitions,
            key: definition.metadata.key,
            before: nil,
            after: definition
        )
    }
}
