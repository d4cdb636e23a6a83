internal import MeshAPI

/// A PeerAuthentication that does not count somewhere, because at most one does for each scope.
public struct IdlePolicy: Hashable, Sendable {
    public enum Cause: Hashable, Sendable {
        /// Another one for the whole mesh comes first.
        case mesh(ObjectReference)
        /// Another one for the whole namespace comes first.
        case namespace(ObjectReference)
        /// Another one that selects these pods comes first.
        case pods([String], ObjectReference)
        /// It has a selector, and is in the root namespace, where none with a selector counts.
        case selectorInRootNamespace
    }

    public var policy: ObjectReference
    public var cause: Cause
}

extension MeshModel {
    /// The PeerAuthentications that do not count for the mesh, a namespace or a pod with a sidecar, although they are for it.
    public var idlePolicies: [IdlePolicy] {
        peerAuthentications.keys.sorted().flatMap { namespace -> [IdlePolicy] in
            guard let policies = peerAuthentications[namespace] else { return [] }
            let isRoot = namespace == config.rootNamespace
            let general = policies.general.map { Self.reference($0.metadata) }
            let widest = general.dropFirst().map { policy in
                IdlePolicy(policy: policy, cause: isRoot ? .mesh(general[0]) : .namespace(general[0]))
            }
            guard isRoot else { return widest + idleSelective(policies, in: namespace) }
            return widest
                + policies.selective.map {
                    IdlePolicy(policy: Self.reference($0.metadata), cause: .selectorInRootNamespace)
                }
        }
    }

    private func idleSelective(_ policies: PeerAuthentications, in namespace: String) -> [IdlePolicy] {
        guard policies.selective.count > 1 else { return [] }
        var pods: [Pair: [String]] = [:]
        for workload in workloads.values
        where workload.namespace == namespace && workload.hasSidecar && !workload.isFinished {
            let matching = Array(policies.policies(selecting: workload.labels).map { Self.reference($0.metadata) })
            for loser in matching.dropFirst() {
                pods[Pair(loser: loser, winner: matching[0]), default: []].append(workload.metadata.name)
            }
        }
        return pods.map { IdlePolicy(policy: $0.loser, cause: .pods($1.sorted(), $0.winner)) }
    }

    private struct Pair: Hashable {
        var loser: ObjectReference
        var winner: ObjectReference
    }

    private static func reference(_ metadata: Metadata) -> ObjectReference {
        ObjectReference("PeerAuthentication", metadata.key)
    }
}
