internal import Mesh
internal import MeshAPI

/// APS0006: the PROXY protocol to sidecars, which do not understand it.
@Sendable func analyzeIntroductions(_ context: AnalysisContext, _ findings: FindingList) {
    for resource in context.resources("DestinationRule") {
        guard let object = try? DestinationRule(resource.object), object.introducesClients else { continue }
        let reference = ObjectReference("DestinationRule", object.metadata.key)
        for service in context.services(named: object.host, in: object.metadata.namespace) {
            let names = service.ports.flatMap { port in
                ([""] + object.subsets.map(\.name)).map {
                    DestinationName(host: service.host, port: port.number, subset: $0)
                }
            }
            guard let name = names.first(where: { fails($0, because: reference, context.model) }) else { continue }
            findings.add(
                "APS0006",
                .warning,
                resource,
                "Connections to \(name.host):\(name.port)\(name.subset.isEmpty ? "" : " (subset \(name.subset))") begin with "
                    + "the PROXY protocol, which the sidecars of its endpoints do not understand, so that they fail. Use "
                    + "proxyProtocol for servers outside of the mesh, or in a subset of pods without sidecar."
            )
        }
    }
}

/// Whether some client's connections come to nothing, as a sidecar is told by that rule who the client is.
private func fails(_ name: DestinationName, because rule: ObjectReference, _ model: MeshModel) -> Bool {
    let clients = Set(model.workloads.values.filter { $0.hasSidecar || $0.isGateway }.map { Client($0) })
    return clients.contains { client in
        guard let decision = model.destination(name, for: client), decision.rule == rule,
            decision.proxyProtocol != nil
        else { return false }
        let isParsed = decision.application == .http || decision.application == .http2
        return decision.endpoints.contains { $0.workload?.hasSidecar == true && ($0.isEncrypted || isParsed) }
    }
}

extension DestinationRule {
    fileprivate var introducesClients: Bool {
        ([trafficPolicy] + subsets.map(\.trafficPolicy)).contains { $0?.proxyProtocol != nil }
    }
}
