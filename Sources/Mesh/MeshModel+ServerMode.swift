internal import MeshAPI

// What servers accept: PeerAuthentications, and the policies of Istio 1.4 where no PeerAuthentication speaks.
extension MeshModel {
    /// What a workload accepts on one of its ports.
    ///
    /// - Parameter port: The port the workload listens on, not the Service's.
    public func serverMode(of workload: Workload, port: Int) -> ModeDecision {
        let claim = hasLegacyPolicies ? claim(on: port, of: workload, by: services(selecting: workload)) : nil
        return serverMode(of: workload, port: port, claimedBy: claim)
    }

    /// What a workload accepts on ports that no policy and no service names.
    public func otherMode(of workload: Workload) -> ModeDecision {
        serverMode(of: workload, port: nil, claimedBy: nil)
    }

    /// A service's port that a workload's port stands behind.
    struct Claim {
        var service: Service
        var port: Service.Port
    }

    /// The oldest service's claim on a port of the workload: it decides protocol and policy.
    func claim(on port: Int, of workload: Workload, by services: [Service]) -> Claim? {
        for service in services {
            for servicePort in service.ports
            where servicePort.spoken != .udp && workload.number(of: servicePort.target) == port {
                return Claim(service: service, port: servicePort)
            }
        }
        return nil
    }

    func serverMode(of workload: Workload, port: Int?, claimedBy claim: Claim?) -> ModeDecision {
        let legacy = hasLegacyPolicies ? legacyMode(namespace: workload.namespace, claim: claim) : nil
        let modern = peerAuthenticationMode(namespace: workload.namespace, labels: workload.labels, port: port)
        return combine(modern, legacy)
    }

    /// A PeerAuthentication wins; what it overrules is told.
    func combine(_ modern: ModeDecision?, _ legacy: ModeDecision?) -> ModeDecision {
        guard var decision = modern else { return legacy ?? ModeDecision(.permissive) }
        if let legacy, legacy.mode != decision.mode { decision.overruled = legacy.object }
        return decision
    }

    /// What PeerAuthentications say of a workload's port (Istio's `ComposePeerAuthentication`); nil when none speaks.
    func peerAuthenticationMode(namespace: String, labels: [String: String], port: Int?) -> ModeDecision? {
        var decision = namespaceMode(namespace)
        guard namespace != config.rootNamespace,
            let policy = peerAuthentications[namespace]?.policy(selecting: labels)
        else { return decision }
        if let decided = Self.decision(policy.mode, policy) { decision = decided }
        if let port, let mode = policy.portLevelModes?[port], let decided = Self.decision(mode, policy) {
            decision = decided
        }
        return decision
    }

    /// What PeerAuthentications say of a namespace, the mesh's included; nil when none speaks.
    func namespaceMode(_ namespace: String) -> ModeDecision? {
        var decision: ModeDecision?
        if let policy = peerAuthentications[config.rootNamespace]?.general.first {
            // Unset for the mesh means permissive.
            decision =
                Self.decision(policy.mode, policy)
                ?? ModeDecision(.permissive, ObjectReference("PeerAuthentication", policy.metadata.key))
        }
        guard namespace != config.rootNamespace, let policy = peerAuthentications[namespace]?.general.first else {
            return decision
        }
        return Self.decision(policy.mode, policy) ?? decision
    }

    private static func decision(_ mode: PeerAuthentication.Mode, _ policy: PeerAuthentication) -> ModeDecision? {
        let reference = ObjectReference("PeerAuthentication", policy.metadata.key)
        switch mode {
        case .unset: return nil
        case .disable: return ModeDecision(.disable, reference)
        case .permissive: return ModeDecision(.permissive, reference)
        case .strict: return ModeDecision(.strict, reference)
        }
    }

    /// What the policies of Istio 1.4 say of a service's port, or of a port that no service claims; nil when none speaks.
    func legacyMode(namespace: String, claim: Claim?) -> ModeDecision? {
        let policies = legacyPolicies[namespace]
        let specific = claim.flatMap { policies?.policy(service: $0.service.metadata.name, port: $0.port) }
        guard let policy = specific ?? policies?.general ?? meshPolicy else { return nil }
        let reference = ObjectReference(policy.isMeshPolicy ? "MeshPolicy" : "Policy", policy.metadata.key)
        switch policy.mode {
        case .strict: return ModeDecision(.strict, reference)
        case .permissive: return ModeDecision(.permissive, reference)
        case .disable: return ModeDecision(.disable, reference)
        }
    }

    /// What each workload with a sidecar accepts that stands behind a service's port.
    public func serverModes(of service: Service, port: Service.Port) -> [ModeDecision] {
        backends(of: service, port: port, subset: nil).compactMap { backend in
            guard let workload = backend.workload, workload.hasSidecar else { return nil }
            return serverMode(of: workload, port: backend.port)
        }
    }

    /// What is said of a service's port as such, by namespace and service and without looking at its workloads.
    public func serviceMode(of service: Service, port: Service.Port) -> ModeDecision {
        let legacy =
            hasLegacyPolicies
            ? legacyMode(namespace: service.namespace, claim: Claim(service: service, port: port)) : nil
        return combine(namespaceMode(service.namespace), legacy)
    }
}

extension MeshModel {
    /// The policies that count for a workload, the widest first; of several for one scope only the one that counts.
    public func policies(for workload: Workload) -> [ObjectReference] {
        let root = config.rootNamespace
        var policies: [PeerAuthentication?] = [peerAuthentications[root]?.general.first]
        if workload.namespace != root {
            policies.append(peerAuthentications[workload.namespace]?.general.first)
            policies.append(peerAuthentications[workload.namespace]?.policy(selecting: workload.labels))
        }
        var references = policies.compactMap(\.self).map { ObjectReference("PeerAuthentication", $0.metadata.key) }
        guard hasLegacyPolicies else { return references }
        let decisions = inbound(of: workload).ports.map(\.mode) + [otherMode(of: workload)]
        for object in decisions.compactMap(\.object) where !references.contains(object) { references.append(object) }
        return references
    }

    /// The pods behind a service's port.
    public func pods(of service: Service, port: Service.Port) -> [Workload] {
        backends(of: service, port: port, subset: nil).compactMap(\.workload)
    }
}
