internal import Discovery
internal import Kubernetes
internal import Mesh

/// What of the Gateways is in force, in the eyes of the proxies that they are for.
struct GatewayJudgement {
    /// What proxies that are gateways are to open, by pod.
    private var openings: [ObjectKey: GatewayDecision] = [:]
    /// Why nobody can connect with credentials, by pod and the credential's name.
    var credentialProblems: [ObjectKey: [String: String]] = [:]

    mutating func add(_ decision: GatewayDecision, of pod: ObjectKey) { openings[pod] = decision }

    /// The verdict on each Gateway of the mesh.
    func verdicts(in model: MeshModel) -> [ObjectReference: Verdict] {
        var faults: [ObjectKey: Set<String>] = [:]
        for (pod, decision) in openings {
            for conflict in decision.conflicts {
                faults[conflict.gateway, default: []].insert("server \(conflict.server): \(conflict.reason)")
            }
            let problems = credentialProblems[pod] ?? [:]
            guard !problems.isEmpty else { continue }
            for chain in decision.listeners.flatMap(\.chains) {
                guard case .terminate(let tls) = chain.transport else { continue }
                for problem in Self.credentials(of: tls).compactMap({ problems[$0] }) {
                    faults[chain.server.gateway, default: []].insert(
                        "server \(chain.server.label): its connections fail, as \(problem)"
                    )
                }
            }
        }
        var verdicts: [ObjectReference: Verdict] = [:]
        for (key, selector) in model.gatewaySelectors {
            let reference = ObjectReference("Gateway", key)
            if let faults = faults[key] {
                verdicts[reference] = .partly(faults.sorted().joined(separator: "; "))
            } else if !isOpened(selector, by: openings.keys, in: model) {
                verdicts[reference] = .partly(Self.nobody(selector))
            } else {
                verdicts[reference] = .accepted
            }
        }
        for (object, problem) in model.problems where object.kind == "Gateway" { verdicts[object] = .refused(problem) }
        return verdicts
    }

    private func isOpened(
        _ selector: [String: String],
        by pods: some Sequence<ObjectKey>,
        in model: MeshModel
    ) -> Bool {
        pods.contains { pod in
            guard let labels = model.workloads[pod]?.labels else { return false }
            return selector.allSatisfy { labels[$0.key] == $0.value }
        }
    }

    private static func nobody(_ selector: [String: String]) -> String {
        let labels = selector.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        let whom = labels.isEmpty ? "there is no pod with a gateway proxy" : "no pod with a gateway proxy has \(labels)"
        return "\(whom), so that nothing listens: install a gateway, or correct spec.selector"
    }

    private static func credentials(of tls: GatewayTLS) -> [String] {
        var names: [String] = []
        if case .credentials(let own) = tls.certificates { names = own }
        if case .credential(let roots) = tls.roots { names.append(roots) }
        return names
    }
}
