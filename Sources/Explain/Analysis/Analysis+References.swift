internal import JSON
internal import Kubernetes
internal import Mesh
internal import MeshAPI

/// IST0101: destinations of routes that no service has.
@Sendable func analyzeDestinations(_ context: AnalysisContext, _ findings: FindingList) {
    for resource in context.resources("VirtualService") {
        guard let virtualService = try? VirtualService(resource.object) else { continue }
        for (destination, isMirror) in destinations(of: virtualService) {
            analyze(destination, isMirror, virtualService, resource, context, findings)
        }
    }
}

/// All destinations of all routes, and whether each only gets copies.
private func destinations(of virtualService: VirtualService) -> [(JSON, isMirror: Bool)] {
    var found: [(JSON, isMirror: Bool)] = []
    for route in virtualService.http + virtualService.tls + virtualService.tcp {
        for entry in route["route"]?.array ?? [] {
            if let destination = entry["destination"] { found.append((destination, false)) }
        }
        if let mirror = route["mirror"] { found.append((mirror, true)) }
        for entry in route["mirrors"]?.array ?? [] {
            if let destination = entry["destination"] { found.append((destination, true)) }
        }
    }
    return found
}

private func analyze(
    _ destination: JSON,
    _ isMirror: Bool,
    _ virtualService: VirtualService,
    _ resource: Analysis.Resource,
    _ context: AnalysisContext,
    _ findings: FindingList
) {
    guard let host = destination["host"]?.string else { return }
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
    if let port = destination["port", "number"]?.int, service.port(Int(port)) == nil {
        notFound("host:port", "\(host):\(port)")
    }
    guard let subset = destination["subset"]?.string, !subset.isEmpty else { return }
    let rule = context.model.rule(for: Client(namespace: namespace), to: service)
    if rule?.subset(subset) == nil {
        notFound("\(prefix.isEmpty ? "" : "mirror+")host+subset in destinationrule", "\(host)+\(subset)")
    }
}

/// IST0101: gateways that routes are bound to and that are not there.
@Sendable func analyzeGateways(_ context: AnalysisContext, _ findings: FindingList) {
    let known = Set(context.resources("Gateway").map { $0.object.metadata.key })
    for resource in context.resources("VirtualService") {
        guard let virtualService = try? VirtualService(resource.object) else { continue }
        for gateway in virtualService.gateways where gateway != "mesh" {
            let parts = gateway.split(separator: "/", maxSplits: 1).map(String.init)
            let key =
                parts.count == 2
                ? ObjectKey(namespace: parts[0], name: parts[1])
                : ObjectKey(namespace: virtualService.metadata.namespace, name: gateway)
            if !known.contains(key) {
                findings.add("IST0101", .error, resource, "Referenced gateway not found: \"\(gateway)\"")
            }
        }
    }
}
