internal import Base
internal import Discovery
internal import Kubernetes
internal import Mesh

/// What of the Gateways is in force, in the eyes of the proxies that they are for.
struct GatewayJudgement {
    /// What proxies that are gateways are to open, by pod.
    private var openings: [ObjectKey: GatewayDecision] = [:]
    /// Why nobody can connect with credentials, by pod and the credential's name.
    var credentialProblems: [ObjectKey: [String: String]] = [:]
    /// Why servers cannot serve in the words of the proxies, by pod and the server's description; those that the pod does
    /// not open count for nothing.
    var serverProblems: [ObjectKey: [String: String]] = [:]

    mutating func add(_ decision: GatewayDecision, of pod: ObjectKey) { openings[pod] = decision }

    /// The verdict on each Gateway of the mesh.
    func verdicts(in model: MeshModel) -> [ObjectReference: Verdict] {
        var faults: [ObjectKey: Faults] = [:]
        for (pod, decision) in openings {
            for conflict in decision.conflicts {
                faults[conflict.gateway, default: Faults()].add(conflict.server, conflict.reason)
            }
            let credentials = credentialProblems[pod] ?? [:]
            let servers = serverProblems[pod] ?? [:]
            if credentials.isEmpty, servers.isEmpty { continue }
            for chain in decision.listeners.flatMap(\.chains) {
                let known = Self.credentials(of: chain).compactMap { credentials[$0] }
                // What the proxy says of a credential that is known to be bad is the same in other words.
                let told = known.isEmpty ? [servers[chain.server.description]].compactMap(\.self) : []
                guard !known.isEmpty || !told.isEmpty else { continue }
                for problem in known + told {
                    faults[chain.server.gateway, default: Faults()]
                        .add(chain.server.label, "its connections fail, as \(problem)")
                }
                if !told.isEmpty { faults[chain.server.gateway]?.areTold = true }
            }
        }
        var verdicts: [ObjectReference: Verdict] = [:]
        for (key, selector) in model.gatewaySelectors {
            let reference = ObjectReference("Gateway", key)
            if let faults = faults[key] {
                let problem = faults.texts.sorted().listed()
                verdicts[reference] = faults.areTold ? .failing(problem) : .partly(problem)
            } else if !isOpened(selector, by: openings.keys, in: model) {
                verdicts[reference] = .partly(Self.nobody(selector))
            } else {
                verdicts[reference] = .accepted
            }
        }
        for (object, problem) in model.problems where object.kind == "Gateway" { verdicts[object] = .refused(problem) }
        return verdicts
    }

    /// What is wrong with one Gateway.
    private struct Faults {
        var texts: Set<String> = []
        /// Whether a proxy told one of them.
        var areTold = false

        mutating func add(_ server: String, _ problem: String) { texts.insert("server \(server): \(problem)") }
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

    private static func credentials(of chain: GatewayDecision.Chain) -> [String] {
        guard case .terminate(let tls) = chain.transport else { return [] }
        var names: [String] = []
        if case .credentials(let own) = tls.certificates { names = own }
        if case .credential(let roots) = tls.roots { names.append(roots) }
        return names
    }
}
