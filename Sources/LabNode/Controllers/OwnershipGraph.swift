internal import JSON
internal import Kubernetes

/// Which object belongs to which, and what follows when one of them goes; does no I/O.
struct OwnershipGraph: Sendable {
    struct Node: Sendable, Hashable {
        let type: ResourceType
        let key: ObjectKey
        let uid: String
        let owners: [OwnerReference]
        let isBeingDeleted: Bool
        let finalizers: [String]

        init(type: ResourceType, _ object: JSON) {
            self.type = type
            let metadata = object.metadata
            key = metadata.key
            uid = metadata.uid
            owners = metadata.ownerReferences
            isBeingDeleted = metadata.isBeingDeleted
            finalizers = metadata.finalizers
        }
    }

    enum Action: Sendable, Hashable {
        case delete(Node)
        /// Takes the reference to the owner with this uid out of the object.
        case release(Node, ownerUID: String)
        case removeFinalizer(Node, String)
        /// Asks the server whether the object's owners exist, because they are not known here.
        case verifyOwners(Node)
    }

    private var nodes: [String: Node] = [:]
    private var dependents: [String: Set<String>] = [:]

    /// Takes note of a change.
    ///
    /// - Returns: What follows from it.
    mutating func apply(_ change: ObjectChange) -> [Action] {
        var actions: [Action] = []
        if let before = change.before, before.metadata.uid != change.after?.metadata.uid {
            actions += removed(before.metadata.uid)
        }
        if let after = change.after { actions += changed(Node(type: change.type, after)) }
        return actions
    }

    private mutating func removed(_ uid: String) -> [Action] {
        let node = nodes.removeValue(forKey: uid)
        for owner in node?.owners ?? [] { dependents[owner.uid]?.remove(uid) }
        let orphans = dependents.removeValue(forKey: uid) ?? []
        var actions = orphans.compactMap { nodes[$0] }.filter { !$0.isBeingDeleted }.map { dependent -> Action in
            let others = dependent.owners.filter { $0.uid != uid }
            return others.contains { nodes[$0.uid] != nil } ? .release(dependent, ownerUID: uid) : .delete(dependent)
        }
        // An owner may have waited for this one to go.
        actions += (node?.owners ?? []).compactMap { nodes[$0.uid] }.flatMap(finalization)
        return actions
    }

    private mutating func changed(_ node: Node) -> [Action] {
        for owner in nodes[node.uid]?.owners ?? [] { dependents[owner.uid]?.remove(node.uid) }
        nodes[node.uid] = node
        for owner in node.owners { dependents[owner.uid, default: []].insert(node.uid) }
        var actions = finalization(of: node)
        let isOwned = !node.owners.isEmpty && !node.isBeingDeleted
        if isOwned, !node.owners.contains(where: { nodes[$0.uid] != nil }) { actions.append(.verifyOwners(node)) }
        return actions
    }

    /// What an owner's deletion asks for first: `--cascade=foreground` or `--cascade=orphan`.
    private func finalization(of node: Node) -> [Action] {
        guard node.isBeingDeleted else { return [] }
        let owned = (dependents[node.uid] ?? []).compactMap { nodes[$0] }
        if node.finalizers.contains("orphan") {
            return owned.map { .release($0, ownerUID: node.uid) } + [.removeFinalizer(node, "orphan")]
        }
        guard node.finalizers.contains("foregroundDeletion") else { return [] }
        if owned.isEmpty { return [.removeFinalizer(node, "foregroundDeletion")] }
        return owned.filter { !$0.isBeingDeleted }.map { .delete($0) }
    }
}
