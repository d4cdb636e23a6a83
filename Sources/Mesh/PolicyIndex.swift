internal import Kubernetes
internal import MeshAPI

/// The PeerAuthentications of one namespace, in the order in which they count.
struct PeerAuthentications: Hashable, Sendable {
    /// Without a selector, oldest first; only the first counts.
    private(set) var general: [PeerAuthentication] = []
    /// With a selector, oldest first; the first that matches counts.
    private(set) var selective: [PeerAuthentication] = []

    var isEmpty: Bool { general.isEmpty && selective.isEmpty }

    mutating func remove(_ key: ObjectKey) {
        general.removeAll { $0.metadata.key == key }
        selective.removeAll { $0.metadata.key == key }
    }

    mutating func insert(_ policy: PeerAuthentication) {
        remove(policy.metadata.key)
        if policy.selector?.matchLabels.isEmpty ?? true {
            general.insert(policy, at: position(of: policy, in: general))
        } else {
            selective.insert(policy, at: position(of: policy, in: selective))
        }
    }

    private func position(of policy: PeerAuthentication, in list: [PeerAuthentication]) -> Int {
        list.firstIndex { policy.metadata.precedes($0.metadata) } ?? list.endIndex
    }

    func policy(selecting labels: [String: String]) -> PeerAuthentication? { policies(selecting: labels).first }

    /// All that select the labels, the one that counts first.
    func policies(selecting labels: [String: String]) -> LazyFilterSequence<[PeerAuthentication]> {
        selective.lazy.filter { $0.selector?.matches(labels) ?? false }
    }
}

/// The Policies of Istio 1.4's API in one namespace, in the order in which they count.
struct LegacyPolicies: Hashable, Sendable {
    /// All of them, oldest first.
    private(set) var policies: [AuthenticationPolicy] = []
    private var byService: [String: [AuthenticationPolicy]] = [:]
    /// The one that speaks for the namespace.
    private(set) var general: AuthenticationPolicy?

    var isEmpty: Bool { policies.isEmpty }

    mutating func remove(_ key: ObjectKey) {
        policies.removeAll { $0.metadata.key == key }
        index()
    }

    mutating func insert(_ policy: AuthenticationPolicy) {
        policies.removeAll { $0.metadata.key == policy.metadata.key }
        let position = policies.firstIndex { policy.metadata.precedes($0.metadata) } ?? policies.endIndex
        policies.insert(policy, at: position)
        index()
    }

    private mutating func index() {
        byService = [:]
        general = policies.first { $0.targets.isEmpty }
        for policy in policies {
            for target in policy.targets where byService[target.name]?.last != policy {
                byService[target.name, default: []].append(policy)
            }
        }
    }

    /// The oldest policy for the service's port: one without ports speaks for all of them.
    func policy(service: String, port: Service.Port) -> AuthenticationPolicy? {
        byService[service]?.first { policy in
            policy.targets.contains { target in
                guard target.name == service else { return false }
                return target.ports.isEmpty
                    || target.ports.contains { $0 == .number(port.number) || $0 == .name(port.name) }
            }
        }
    }
}
