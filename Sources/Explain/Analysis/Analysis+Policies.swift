internal import Kubernetes
internal import Mesh

/// APS0005: PeerAuthentications that do not count where they seem to.
@Sendable func analyzePolicies(_ context: AnalysisContext, _ findings: FindingList) {
    for idle in context.model.idlePolicies {
        guard let resource = context.resource(idle.policy) else { continue }
        findings.add("APS0005", .warning, resource, text(of: idle.cause))
    }
}

private func text(of cause: IdlePolicy.Cause) -> String {
    let order = "comes first (the older one, then the first by name); two are never merged"
    switch cause {
    case .mesh(let winner):
        return "The policy does not count: \(winner) is for the whole mesh, too, and \(order). Remove one of the two."
    case .namespace(let winner):
        return
            "The policy does not count: \(winner) is for the whole namespace, too, and \(order). Remove one of the two."
    case .pods(let pods, let winner):
        let others = pods.count > 1 ? " and \(pods.count - 1) more" : ""
        return
            "The policy does not count for pod \(pods.first ?? "")\(others): \(winner) selects \(pods.count > 1 ? "them" : "it"), "
            + "too, and \(order). Make one of the two, or give them selectors of different pods."
    case .selectorInRootNamespace:
        return
            "The policy does not count: in the root namespace only policies without a selector do. Move it to the namespace "
            + "of the pods that it means."
    }
}
