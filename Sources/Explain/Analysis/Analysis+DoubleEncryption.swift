internal import Kubernetes
internal import Mesh
internal import MeshAPI

/// APS0003: TLS within TLS, because a rule begins TLS on connections that carry it already.
@Sendable func analyzeDoubleEncryption(_ context: AnalysisContext, _ findings: FindingList) {
    var reported: Set<DestinationName> = []
    for service in context.model.services.values.sorted(by: { $0.host < $1.host }) where !service.isAlias {
        for port in service.ports where port.spoken.isTLS {
            let name = DestinationName(host: service.host, port: port.number)
            reported.insert(name)
            reportDoubleEncryption(name, "the port's protocol is \(port.spoken.rawValue)", context, findings)
        }
    }
    for resource in context.resources("VirtualService") {
        guard let object = try? VirtualService(resource.object) else { continue }
        for destination in object.tls.flatMap(\.route).compactMap(\.destination) {
            for service in context.services(named: destination.host, in: object.metadata.namespace) {
                guard let port = destination.port ?? (service.ports.count == 1 ? service.ports[0].number : nil),
                    reported.insert(DestinationName(host: service.host, port: port)).inserted
                else { continue }
                reportDoubleEncryption(
                    DestinationName(host: service.host, port: port),
                    "\(ObjectReference("VirtualService", object.metadata.key)) sends TLS there by server name",
                    context,
                    findings
                )
            }
        }
    }
}

private func reportDoubleEncryption(
    _ name: DestinationName,
    _ reason: String,
    _ context: AnalysisContext,
    _ findings: FindingList
) {
    for client in clients(of: name, context.model) {
        guard let destination = context.model.destination(name, for: client), let tls = destination.tls,
            tls.credential != .workload, let rule = destination.rule, let resource = context.resource(rule)
        else { continue }
        return findings.add(
            "APS0003",
            .warning,
            resource,
            "Connections to \(name.host):\(name.port) are encrypted twice: they carry TLS already (\(reason)), and the rule "
                + "begins TLS of mode \(tls.credential == .none ? "SIMPLE" : "MUTUAL") around it. Unless the server takes off "
                + "both, give the port an entry in portLevelSettings with tls.mode DISABLE."
        )
    }
}

/// One client of each kind that rules tell apart: the namespaces' workloads, and gateways.
private func clients(of name: DestinationName, _ model: MeshModel) -> Set<Client> {
    let clients = Set(model.workloads.values.filter { $0.hasSidecar || $0.isGateway }.map { Client($0) })
    guard clients.isEmpty, let service = model.services[name.host] else { return clients }
    return [Client(namespace: service.namespace)]
}
