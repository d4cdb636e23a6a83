internal import Base
internal import JSON
internal import Kubernetes
internal import Mesh
internal import MeshAPI

/// A Gateway that can be read, and the pods that it selects.
private struct SelectedGateway {
    let resource: Analysis.Resource
    let gateway: Gateway
    let pods: [Workload]

    var name: String { gateway.metadata.key.description }
    /// As Kubernetes writes it: `app=a,istio=ingressgateway`.
    var selector: String {
        (gateway.selector?.matchLabels ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            .joined(separator: ",")
    }

    /// Whether a proxy may open servers of both, as far as the selectors tell.
    func isWithin(_ other: Self) -> Bool {
        let labels = gateway.selector?.matchLabels ?? [:]
        let wider = other.gateway.selector?.matchLabels ?? [:]
        return labels.isEmpty || wider.isEmpty || labels.allSatisfy { wider[$0.key] == $0.value }
    }

    func sharesPods(with other: Self) -> Bool {
        selector == other.selector || !Set(pods.map(\.key)).isDisjoint(with: other.pods.map(\.key))
    }
}

extension AnalysisContext {
    fileprivate var gateways: [SelectedGateway] {
        let pods = model.workloads.values.sorted { $0.key < $1.key }
        return resources("Gateway").compactMap { resource in
            guard let gateway = try? Gateway(resource.object) else { return nil }
            let labels = gateway.selector?.matchLabels ?? [:]
            let selected = labels.isEmpty ? pods.filter(\.isGateway) : pods.filter { gateway.selects($0) }
            return SelectedGateway(resource: resource, gateway: gateway, pods: selected)
        }
    }
}

extension Gateway {
    fileprivate func selects(_ pod: Workload) -> Bool { selector?.matches(pod.labels) ?? true }
}

/// IST0101, IST0162: Gateways that select nothing, or whose ports nobody outside the pods can reach.
@Sendable func analyzeGatewayPorts(_ context: AnalysisContext, _ findings: FindingList) {
    for selected in context.gateways where !selected.selector.isEmpty {
        guard !selected.pods.isEmpty else {
            findings.add(
                "IST0101",
                .error,
                selected.resource,
                "Referenced selector not found: \"\(selected.selector)\""
            )
            continue
        }
        var ports: Set<Int> = []
        for pod in selected.pods {
            for port in context.model.services(selecting: pod).flatMap(\.ports) {
                ports.insert(port.number)
                if let target = pod.number(of: port.target) { ports.insert(target) }
            }
        }
        for server in selected.gateway.servers {
            guard let number = server.port?.number, !ports.contains(number) else { continue }
            findings.add(
                "IST0162",
                .warning,
                selected.resource,
                "The gateway is listening on a target port (port \(number)) that is not defined in the Service associated "
                    + "with its workload instances (Pod selector \(selected.selector)). If you need to access the gateway "
                    + "port through the gateway Service, it will not be available."
            )
        }
    }
}

/// IST0145: Gateways of which one takes hosts from the other; of the one that loses them, with what became of its server.
@Sendable func analyzeGatewayConflicts(_ context: AnalysisContext, _ findings: FindingList) {
    let gateways = context.gateways
    let dropped = context.droppedServers
    for conflict in hostConflicts(among: gateways) {
        let selected = gateways[conflict.index]
        let hosts = conflict.server.hosts.joined(separator: " ")
        let place = ServerPlace(gateway: selected.gateway.metadata.key, server: conflict.server.port?.name ?? "")
        findings.add(
            "IST0145",
            .error,
            selected.resource,
            "Conflict with gateways \(conflict.others.joined(separator: ",")) (workload selector \(selected.selector), port "
                + "\(conflict.server.port?.number ?? 0), hosts [\(hosts)])."
                + (dropped[place].map { " Server \(place.server) of this one is not in force: \($0)." } ?? "")
        )
    }
}

/// A server of a Gateway by the name of its port.
private struct ServerPlace: Hashable {
    var gateway: ObjectKey
    var server: String
}

extension AnalysisContext {
    /// Servers that some gateway does not open, or not as written, and why.
    fileprivate var droppedServers: [ServerPlace: String] {
        var dropped: [ServerPlace: String] = [:]
        for pod in model.workloads.values.sorted(by: { $0.key < $1.key }) where pod.isGateway {
            for conflict in model.gatewayView(of: pod).decision(in: model).conflicts {
                dropped[ServerPlace(gateway: conflict.gateway, server: conflict.server)] = conflict.reason
            }
        }
        return dropped
    }
}

/// Servers of different Gateways that have a host, a port and an address in common.
private func hostConflicts(
    among gateways: [SelectedGateway]
) -> [(index: Int, server: Gateway.Server, others: [String])] {
    // Who has a host on a port and address.
    var owners: [String: [Int]] = [:]
    for (index, selected) in gateways.enumerated() {
        for server in selected.gateway.servers {
            for place in places(of: server) { owners[place, default: []].append(index) }
        }
    }
    return gateways.enumerated().flatMap { index, selected in
        selected.gateway.servers.compactMap { server in
            let others = Set(places(of: server).flatMap { owners[$0] ?? [] }).subtracting([index])
                .filter { gateways[$0].name != selected.name && gateways[$0].sharesPods(with: selected) }
                .map { gateways[$0].name }.sorted()
            return others.isEmpty ? nil : (index, server, others)
        }
    }
}

private func places(of server: Gateway.Server) -> [String] {
    guard let port = server.port else { return [] }
    return Set(server.hosts).map { "\(port.number) \(server.bind) \($0)" }
}

/// IST0138: one certificate on several Gateways, so that clients take a connection to one for hosts of the other.
@Sendable func analyzeGatewayCertificates(_ context: AnalysisContext, _ findings: FindingList) {
    let gateways = context.gateways
    var users: [String: [Int]] = [:]
    for (index, selected) in gateways.enumerated() {
        for certificate in Set(selected.gateway.servers.compactMap { $0.tls.flatMap(certificate) }) {
            users[certificate, default: []].append(index)
        }
    }
    for indices in users.values where indices.count > 1 {
        for current in indices {
            for other in indices where other != current && gateways[current].isWithin(gateways[other]) {
                findings.add(
                    "IST0138",
                    .warning,
                    gateways[current].resource,
                    "Duplicate certificate in multiple gateways [\(gateways[current].name) \(gateways[other].name)] may cause "
                        + "404s if clients re-use HTTP2 connections. Gateways of Apus answer 421 instead, and most clients "
                        + "then open another connection."
                )
            }
        }
    }
}

/// What tells certificates apart; nil when the server has none of its own.
private func certificate(_ tls: ServerTLSSettings) -> String? {
    if tls.passesTLS { return nil }
    if let name = tls.credentials.first { return "credential \(name)" }
    guard !tls.serverCertificate.isEmpty, !tls.privateKey.isEmpty else { return nil }
    return "files \(tls.serverCertificate) \(tls.privateKey)"
}

/// IST0133: servers that are not opened as written, and those whose routes are of a kind that has no effect on them.
@Sendable func analyzeGatewayServers(_ context: AnalysisContext, _ findings: FindingList) {
    func warn(_ key: ObjectKey, _ text: String) {
        guard let resource = context.resource(ObjectReference("Gateway", key)) else { return }
        findings.add("IST0133", .warning, resource, "Schema validation warning: \(text)")
    }
    let gateways = context.gateways
    // IST0145 tells of those that lose to another Gateway.
    let lost = Set(
        hostConflicts(among: gateways).map {
            ServerPlace(gateway: gateways[$0.index].gateway.metadata.key, server: $0.server.port?.name ?? "")
        }
    )
    for (place, reason) in context.droppedServers where !lost.contains(place) {
        warn(place.gateway, "server \(place.server): \(reason)")
    }
    for selected in gateways {
        for text in redirectsIntoNothing(selected, context) { warn(selected.gateway.metadata.key, text) }
        for text in unsuitableRoutes(selected, context) { warn(selected.gateway.metadata.key, text) }
    }
}

/// Redirects for hosts that no server of the same pods has with HTTPS.
private func redirectsIntoNothing(_ selected: SelectedGateway, _ context: AnalysisContext) -> [String] {
    let redirects = selected.gateway.servers.filter { $0.tls?.httpsRedirect ?? false }
    guard !redirects.isEmpty else { return [] }
    var served: Set<String> = []
    for other in context.gateways where other.sharesPods(with: selected) {
        for server in other.gateway.servers where ["HTTPS", "TLS"].contains(server.port?.protocolName.uppercased()) {
            served.formUnion(server.hosts.map(hostName))
        }
    }
    return redirects.compactMap { server in
        let lost = server.hosts.map(hostName).filter { host in !served.contains { HostName.overlap($0, host) } }
        guard !lost.isEmpty else { return nil }
        return
            "tls.httpsRedirect of server \(server.port?.name ?? "") sends clients to https, which no server of the same "
            + "gateway has for \(lost.joined(separator: ", ")): add a server with protocol HTTPS"
    }
}

/// VirtualServices with `tls` routes alone on servers that end TLS, which look at `http`.
private func unsuitableRoutes(_ selected: SelectedGateway, _ context: AnalysisContext) -> [String] {
    let ends = selected.gateway.servers.filter { server in
        server.port?.protocolName.uppercased() == "HTTPS" && server.tls.map { !$0.passesTLS } ?? false
    }
    guard !ends.isEmpty, ends.count == selected.gateway.servers.count else { return [] }
    return context.resources("VirtualService").compactMap { resource in
        guard let object = try? VirtualService(resource.object), object.http.isEmpty, !object.tls.isEmpty else {
            return nil
        }
        let keys = object.gateways.compactMap { VirtualService.gatewayKey($0, in: object.metadata.namespace) }
        guard keys.contains(selected.gateway.metadata.key) else { return nil }
        return
            "its servers end TLS, so that the tls routes of VirtualService \(object.metadata.key) have no effect and requests "
            + "get 404: write http routes, or mode PASSTHROUGH"
    }
}

/// The host of a server without namespace, in lower case.
private func hostName(_ host: String) -> String {
    let host = host.lowercased()
    return host.firstIndex(of: "/").map { String(host[host.index(after: $0)...]) } ?? host
}
