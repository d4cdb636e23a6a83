internal import Kubernetes
internal import Mesh
internal import MeshAPI

/// IST0101, IST0112: destinations of routes that no service has, or that name no port where there are several.
@Sendable func analyzeDestinations(_ context: AnalysisContext, _ findings: FindingList) {
    for resource in context.resources("VirtualService") {
        guard let virtualService = try? VirtualService(resource.object) else { continue }
        for (destination, isMirror) in destinations(of: virtualService) {
            analyze(destination, isMirror, virtualService, resource, context, findings)
        }
    }
}

/// All destinations of all routes, and whether each only gets copies.
private func destinations(of virtualService: VirtualService) -> [(VirtualService.Destination, isMirror: Bool)] {
    var found: [(VirtualService.Destination, isMirror: Bool)] = []
    let routes =
        virtualService.http.map(\.route) + virtualService.tls.map(\.route) + virtualService.tcp.map(\.route)
    for destination in routes.joined().compactMap(\.destination) { found.append((destination, false)) }
    for route in virtualService.http {
        for destination in [route.mirror].compactMap(\.self) + route.mirrors.compactMap(\.destination) {
            found.append((destination, true))
        }
    }
    return found
}

private func analyze(
    _ destination: VirtualService.Destination,
    _ isMirror: Bool,
    _ virtualService: VirtualService,
    _ resource: Analysis.Resource,
    _ context: AnalysisContext,
    _ findings: FindingList
) {
    let host = destination.host
    let namespace = virtualService.metadata.namespace
    let prefix = isMirror ? "mirror" : ""
    func notFound(_ kind: String, _ name: String) {
        findings.add("IST0101", .error, resource, "Referenced \(kind) not found: \"\(name)\"")
    }
    let services = context.services(named: host, in: namespace)
    guard let service = services.first else {
        notFound(isMirror ? "mirror host" : "host", host)
        return
    }
    if destination.port == nil, service.ports.count > 1 {
        let ports = service.ports.map { String($0.number) }.joined(separator: " ")
        findings.add(
            "IST0112",
            .error,
            resource,
            "This VirtualService routes to a service \"\(host)\" that exposes multiple ports [\(ports)]. "
                + "Specifying a port in the destination is required to disambiguate."
        )
    }
    if let port = destination.port, service.port(port) == nil {
        notFound("host:port", "\(host):\(port)")
    }
    let subset = destination.subset
    guard !subset.isEmpty else { return }
    let rule = context.model.rule(for: Client(namespace: namespace), to: service)
    if rule?.subset(subset) == nil {
        notFound("\(prefix.isEmpty ? "" : "mirror+")host+subset in destinationrule", "\(host)+\(subset)")
    }
}
