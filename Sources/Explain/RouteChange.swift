internal import Kubernetes
internal import Mesh
internal import MeshAPI

/// Requests that would be routed otherwise.
public struct RouteChange: Hashable, Sendable {
    /// Who routes them: `clients in namespace full`, or `gateway <name>.<namespace>`.
    public var router: String
    /// The host with its port, `httpbin.full.svc.cluster.local:8000`.
    public var host: String
    /// The routes as ``RouteText`` writes them; empty where there were none.
    public var before: [String]
    public var after: [String]

    /// `ROUTES clients in namespace full -> httpbin…:8000`, and the lines that go and come, in the manner of diff.
    public var text: String {
        let lines = after.difference(from: before)
        let gone = Set(lines.removals.compactMap(Self.offset)), new = Set(lines.insertions.compactMap(Self.offset))
        let shown =
            before.enumerated().filter { gone.contains($0.offset) }.map { "  - \($0.element)\n" }
            + after.enumerated().filter { new.contains($0.offset) }.map { "  + \($0.element)\n" }
        return "ROUTES \(router) -> \(host)\n" + shown.joined()
    }

    private static func offset(_ change: CollectionDifference<String>.Change) -> Int? {
        switch change {
        case .insert(let offset, _, _), .remove(let offset, _, _): offset
        }
    }

    /// What differs between two meshes, for one client of each namespace and for each gateway.
    static func all(_ before: MeshModel, _ after: MeshModel, _ impact: Impact) -> [Self] {
        clients(before, after, impact) + gateways(before, after, impact)
    }

    // Clients

    private static func clients(_ before: MeshModel, _ after: MeshModel, _ impact: Impact) -> [Self] {
        let hosts = Set(before.services.keys).union(after.services.keys).filter { impact.affectsRoute(authority: $0) }
        var clients: [String: Workload] = [:]
        for workload in after.workloads.values.sorted(by: { $0.key < $1.key })
        where workload.hasSidecar && !workload.isGateway && !workload.isFinished && clients[workload.namespace] == nil {
            clients[workload.namespace] = workload
        }
        return clients.sorted { $0.key < $1.key }.flatMap { namespace, workload in
            hosts.sorted().flatMap { host -> [Self] in
                let ports = [before, after].flatMap { $0.services[host]?.ports.map(\.number) ?? [] }
                return Set(ports).sorted().compactMap { port in
                    let (old, new) = (
                        lines(before, workload, host, port), lines(after, workload, host, port)
                    )
                    guard old != new else { return nil }
                    let router = "clients in namespace \(namespace)"
                    return Self(router: router, host: "\(host):\(port)", before: old, after: new)
                }
            }
        }
    }

    private static func lines(_ model: MeshModel, _ client: Workload, _ host: String, _ port: Int) -> [String] {
        guard let service = model.services[host], service.port(port) != nil else { return [] }
        return RouteText.allLines(from: Client(client), to: service, port: port, in: model)
    }

    // Gateways

    private static func gateways(_ before: MeshModel, _ after: MeshModel, _ impact: Impact) -> [Self] {
        guard impact.affectsGateways else { return [] }
        let keys = Set(before.workloads.values.filter(\.isGateway).map(\.key))
            .union(after.workloads.values.filter(\.isGateway).map(\.key))
        return keys.sorted().flatMap { key -> [Self] in
            let (old, new) = (hosts(before, key), hosts(after, key))
            return Set(old.keys).union(new.keys).sorted().compactMap { host in
                let (old, new) = (old[host] ?? [], new[host] ?? [])
                let router = "gateway \(key.name).\(key.namespace)"
                return old == new ? nil : Self(router: router, host: host, before: old, after: new)
            }
        }
    }

    /// What a gateway does with each host, by the host with its port.
    private static func hosts(_ model: MeshModel, _ key: ObjectKey) -> [String: [String]] {
        guard let workload = model.workloads[key] else { return [:] }
        let view = model.gatewayView(of: workload)
        var hosts: [String: [String]] = [:]
        for table in view.routeNames.compactMap({ view.routes($0, in: model) }) {
            for host in table.virtualHosts {
                let lines =
                    host.redirectsToHTTPS ? ["every request -> redirect 301 https"] : host.routes.map(RouteText.line)
                hosts["\(host.domain):\(table.port)", default: []] += lines
            }
        }
        for chain in view.decision(in: model).listeners.flatMap(\.chains) {
            guard case .bytes(let destinations) = chain.content else { continue }
            let line = "connections -> \(RouteText.text(destinations))"
            for name in chain.serverNames.isEmpty ? ["*"] : chain.serverNames {
                hosts["\(name):\(chain.server.number)", default: []].append(line)
            }
        }
        return hosts
    }
}
