internal import Base
internal import JSON
internal import Kubernetes

/// Deletes objects whose owners are gone, and lets owners go whose deletion waits for that.
struct GarbageCollector: Sendable {
    let api: any KubernetesAPI
    /// All resources that the server has, those of custom resource definitions included.
    let resourceTypes: @Sendable () async -> [ResourceType]

    /// Works until the task is cancelled.
    func run() async {
        let feed = ChangeFeed()
        await withDiscardingTaskGroup { group in
            group.addTask { await follow(feed) }
            var graph = OwnershipGraph()
            while let changes = await feed.next() {
                let actions = changes.flatMap { graph.apply($0) }
                for action in actions { await perform(action) }
            }
            group.cancelAll()
        }
    }

    /// Watches every resource, also those that come later.
    private func follow(_ feed: ChangeFeed) async {
        let definitions = Informer(api, .customResourceDefinitions)
        await withDiscardingTaskGroup { group in
            group.addTask { await definitions.run() }
            var watched: [ResourceType: Task<Void, Never>] = [:]
            let changes = definitions.changes()
            repeat {
                let types = Set(await resourceTypes()).filter { $0.plural != "events" }
                for type in types where watched[type] == nil {
                    let informer = Informer(api, type, keeping: Self.metadataOnly)
                    informer.report(to: feed)
                    watched[type] = Task {
                        await informer.run()
                        informer.clear()
                    }
                }
                for (type, task) in watched where !types.contains(type) {
                    task.cancel()
                    watched[type] = nil
                }
            } while await changes.next() != nil
            for task in watched.values { task.cancel() }
            group.cancelAll()
        }
    }

    private static func metadataOnly(_ object: JSON) -> JSON {
        let metadata = object["metadata"] ?? [:]
        var kept: JSON = [:]
        let names = [
            "name", "namespace", "uid", "resourceVersion", "ownerReferences", "finalizers", "deletionTimestamp",
        ]
        for name in names { kept[name] = metadata[name] }
        return ["apiVersion": .string(object.apiVersion), "kind": .string(object.kind), "metadata": kept]
    }

    private func perform(_ action: OwnershipGraph.Action) async {
        do {
            switch action {
            case .delete(let node): try await delete(node)
            case .release(let node, let uid): try await release(node, ownerUID: uid)
            case .removeFinalizer(let node, let finalizer): try await removeFinalizer(node, finalizer)
            case .verifyOwners(let node): if try await areOwnersGone(node) { try await delete(node) }
            }
        } catch let error as StatusError where error.isNotFound {
            return  // It is gone already.
        } catch {
            Log("controller").warn("garbage collection of \(action): \(error)")
        }
    }

    private func namespace(_ node: OwnershipGraph.Node) -> String? { node.type.isNamespaced ? node.key.namespace : nil }

    private func delete(_ node: OwnershipGraph.Node) async throws {
        let current = try await api.get(node.type, namespace: namespace(node), name: node.key.name)
        guard current.metadata.uid == node.uid, !current.metadata.isBeingDeleted else { return }
        // Whoever was let go meanwhile, as `--cascade=orphan` does, stays.
        let owners = Set(current.metadata.ownerReferences.map(\.uid))
        guard node.owners.contains(where: { owners.contains($0.uid) }) else { return }
        try await api.delete(node.type, namespace: namespace(node), name: node.key.name, gracePeriodSeconds: nil)
    }

    private func release(_ node: OwnershipGraph.Node, ownerUID: String) async throws {
        try await change(node) { object in
            let references = object["metadata", "ownerReferences"]?.array ?? []
            object["metadata", "ownerReferences"] = .array(references.filter { $0["uid"]?.string != ownerUID })
        }
    }

    private func removeFinalizer(_ node: OwnershipGraph.Node, _ finalizer: String) async throws {
        try await change(node) { object in
            object["metadata", "finalizers"] = .strings(object.metadata.finalizers.filter { $0 != finalizer })
        }
    }

    /// Writes a changed object; tries again when somebody else wrote it meanwhile.
    private func change(_ node: OwnershipGraph.Node, _ body: (inout JSON) -> Void) async throws {
        for _ in 0..<5 {
            var object = try await api.get(node.type, namespace: namespace(node), name: node.key.name)
            guard object.metadata.uid == node.uid else { return }
            body(&object)
            do {
                _ = try await api.update(node.type, namespace: namespace(node), subresource: nil, object)
                return
            } catch let error as StatusError where error.isConflict {
                continue
            }
        }
    }

    private func areOwnersGone(_ node: OwnershipGraph.Node) async throws -> Bool {
        let types = await resourceTypes()
        for owner in node.owners {
            let type = types.first { $0.apiVersion == owner.apiVersion && $0.kind == owner.kind }
            guard let type else { return false }  // A kind that nobody knows: better keep too much than too little.
            do {
                let namespace = type.isNamespaced ? node.key.namespace : nil
                if try await api.get(type, namespace: namespace, name: owner.name).metadata.uid == owner.uid {
                    return false
                }
            } catch let error as StatusError where error.isNotFound {
                continue
            }
        }
        return true
    }
}
