internal import Kubernetes
internal import Mesh
internal import MeshAPI

// Findings that Istio no longer has since automatic mutual TLS, or never had; the retired codes are not used again.

/// APS0001, APS0002: clients with a sidecar that cannot talk to a server because of policies and rules, and policies that do
/// not count.
@Sendable func analyzeConflicts(_ context: AnalysisContext, _ findings: FindingList) {
    let model = context.model
    let clients = clientOfEachNamespace(model)
    for service in model.services.values.sorted(by: { $0.host < $1.host }) where !service.isAlias {
        for port in service.ports {
            let name = DestinationName(host: service.host, port: port.number)
            // Clients with the same rule, or all without one, get the same.
            let groups = Dictionary(grouping: clients) { model.rule(for: Client($0), to: service)?.reference }
            for group in groups.values { analyze(group, name, context, findings) }
        }
    }
    analyzeOverruled(context, findings)
}

/// One workload with a sidecar for each namespace: rules differ between namespaces, and seldom within one.
private func clientOfEachNamespace(_ model: MeshModel) -> [Workload] {
    var clients: [String: Workload] = [:]
    for workload in model.workloads.values where workload.hasSidecar && !workload.isFinished && !workload.isGateway {
        if let other = clients[workload.namespace], other.key < workload.key { continue }
        clients[workload.namespace] = workload
    }
    return clients.values.sorted { $0.key < $1.key }
}

private func analyze(
    _ clients: [Workload],
    _ name: DestinationName,
    _ context: AnalysisContext,
    _ findings: FindingList
) {
    let sees = clients.lazy.compactMap { client in
        context.model.destination(name, for: Client(client)).map { (client, $0) }
    }
    guard let (client, destination) = sees.first else { return }
    for connection in context.model.connections(from: client, to: name) {
        guard let failure = connection.failure, failure != "503 UH" else { continue }
        let rule =
            destination.refusal != nil || !connection.clientReason.hasPrefix("PeerAuthentication")
            ? destination.rule : nil
        let server = connection.server.map { " pod \($0.metadata.name)" } ?? ""
        let text =
            "Clients in \(namespaces(of: clients)) get \(failure) from \(name.host):\(name.port)\(server): they send "
            + "\(connection.wire.rawValue) (\(connection.clientReason))"
            + (connection.serverReason.isEmpty ? "" : ", the server has \(connection.serverReason)")
            + ". \(remedy(connection, destination))"
        let serverPolicy = connection.server.flatMap { server in
            context.model.policies(for: server).last
        }
        for object in [rule, serverPolicy].compactMap(\.self) {
            guard let resource = context.resource(object) else { continue }
            // A rule for gateways is there for nobody else.
            let isForGateways =
                destination.refusal != nil && context.model.workloads.values.contains(where: \.isGateway)
            findings.add("APS0001", isForGateways ? .warning : .error, resource, text)
            break
        }
    }
}

/// `namespace a`, `namespaces a, b and c`, `namespaces a, b, c and 7 more`.
private func namespaces(of clients: [Workload]) -> String {
    let names = clients.map(\.namespace)
    guard let last = names.last, names.count > 1 else { return "namespace \(names.first ?? "")" }
    let shown = names.prefix(3)
    if names.count > 3 { return "namespaces \(shown.joined(separator: ", ")) and \(names.count - 3) more" }
    return "namespaces \(shown.dropLast().joined(separator: ", ")) and \(last)"
}

private func remedy(_ connection: ConnectionDecision, _ destination: DestinationDecision) -> String {
    if destination.refusal != nil {
        return
            "Give the rule a credential that sidecars can use, or a workloadSelector for the gateways that it is meant for."
    }
    switch connection.wire {
    case .mutualTLS, .tls:
        return
            "Remove tls from the rule, so that each endpoint gets what it accepts, or let the server accept mutual TLS."
    case .plaintext where destination.rule != nil && connection.clientReason.hasPrefix("DestinationRule"):
        return "Set the rule's tls.mode to ISTIO_MUTUAL, or remove tls, so that auto mTLS decides."
    case .plaintext:
        return
            "Clients look no further than the namespace: make the namespace's policy PERMISSIVE or STRICT and except single "
            + "workloads from it, or add a DestinationRule with tls.mode ISTIO_MUTUAL."
    }
}

/// Policies of Istio 1.4's kind beside PeerAuthentications that say otherwise.
private func analyzeOverruled(_ context: AnalysisContext, _ findings: FindingList) {
    guard context.model.hasLegacyPolicies else { return }
    for workload in context.model.workloads.values.sorted(by: { $0.key < $1.key }) where workload.hasSidecar {
        for port in context.model.inbound(of: workload).ports {
            guard let overruled = port.mode.overruled, let object = port.mode.object,
                let resource = context.resource(overruled)
            else { continue }
            findings.add(
                "APS0002",
                .warning,
                resource,
                "The policy does not count for port \(port.number) of pod \(workload.metadata.name): \(object) says "
                    + "\(port.mode.mode.rawValue). Remove one of the two."
            )
        }
    }
}
