internal import Kubernetes
public import Mesh
internal import MeshAPI

/// `istioctl experimental describe`: what the mesh makes of a pod or a service.
public struct Description: Sendable {
    private var lines: [String] = []
    private let model: MeshModel
    /// Names in this namespace are printed without it.
    private let defaultNamespace: String

    /// The description, ready to print.
    public var text: String { lines.map { $0 + "\n" }.joined() }

    /// - Parameter defaultNamespace: Names in it are printed without their namespace.
    public init(pod: Workload, in model: MeshModel, defaultNamespace: String = "default") {
        self.model = model
        self.defaultNamespace = defaultNamespace
        describe(pod)
        for service in model.services(selecting: pod) {
            lines.append("--------------------")
            describe(service, pods: [pod])
        }
        lines.append("--------------------")
        describePolicies(of: pod)
    }

    public init(service: Service, in model: MeshModel, defaultNamespace: String = "default") {
        self.model = model
        self.defaultNamespace = defaultNamespace
        let pods = service.ports.lazy.map { model.pods(of: service, port: $0) }.first { !$0.isEmpty } ?? []
        describe(service, pods: pods)
        for pod in pods.prefix(1) {
            lines.append("--------------------")
            describePolicies(of: pod)
        }
    }

    private func name(_ key: ObjectKey) -> String {
        key.namespace == defaultNamespace || key.namespace.isEmpty ? key.name : "\(key.name).\(key.namespace)"
    }

    private mutating func describe(_ pod: Workload) {
        lines.append("Pod: \(name(pod.key))")
        lines.append("   Pod Revision: \(pod.labels["istio.io/rev"] ?? "default")")
        let ports = pod.containerPorts.map { "\($0.number) (\($0.container))" }
        lines.append(ports.isEmpty ? "   Pod does not expose ports" : "   Pod Ports: \(ports.joined(separator: ", "))")
        if !pod.hasSidecar { lines.append("WARNING: \(name(pod.key)) is not part of mesh; no Istio sidecar") }
    }

    private mutating func describe(_ service: Service, pods: [Workload]) {
        lines.append("Service: \(name(service.metadata.key))")
        for port in service.ports {
            let target =
                switch port.target {
                case .number(let number): String(number)
                case .name(let name): pods.lazy.compactMap { $0.number(of: .name(name)) }.first.map(String.init) ?? name
                }
            let spoken = port.spoken == .auto ? "auto-detect" : port.spoken.rawValue
            let prefix = port.name.isEmpty ? "" : "\(port.name) "
            lines.append("   Port: \(prefix)\(port.number)/\(spoken) targets pod port \(target)")
        }
        guard let pod = pods.first else {
            lines.append("WARNING: no ready pod stands behind \(name(service.metadata.key))")
            return
        }
        let rule = model.rule(for: Client(namespace: service.namespace), to: service)
        if let rule { describe(rule, pod) }
        describeRoutes(service)
        for port in service.ports where port.spoken != .udp { describeTLS(service, port, rule, pod) }
        describeExposure(service)
    }

    /// The routes that clients of the service's own namespace have to it.
    private mutating func describeRoutes(_ service: Service) {
        var seen: Set<[String]> = []
        for port in service.ports where port.spoken != .udp {
            let client = Client(namespace: service.namespace)
            let routes = RouteText.lines(from: client, to: service, port: port.number, in: model)
            guard let object = routes.first, seen.insert(routes).inserted else { continue }
            let key = object.split(separator: " ").last.map(String.init) ?? ""
            let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
            let reference = ObjectKey(namespace: parts.first ?? "", name: parts.last ?? "")
            lines.append("VirtualService: \(name(reference))")
            for route in routes.dropFirst() { lines.append("   \(route)") }
        }
    }

    private mutating func describe(_ rule: MergedRule, _ pod: Workload) {
        lines.append("DestinationRule: \(name(rule.sources[0])) for \"\(rule.host)\"")
        if !rule.subsets.isEmpty {
            let matching = rule.subsets.filter { subset in subset.labels.allSatisfy { pod.labels[$0] == $1 } }
            let others = rule.subsets.filter { subset in !matching.contains(subset) }
            lines.append("   Matching subsets: \(matching.map(\.name).joined(separator: ","))")
            if !others.isEmpty {
                lines.append("      (Non-matching subsets \(others.map(\.name).joined(separator: ",")))")
            }
        }
        guard let policy = rule.trafficPolicy else {
            lines.append("   No Traffic Policy")
            return
        }
        if let mode = policy.settings.tls?.mode { lines.append("   Traffic Policy TLS Mode: \(mode.rawValue)") }
        for entry in policy.portLevelSettings {
            guard let mode = entry.settings.tls?.mode else { continue }
            lines.append("   Port \(entry.port) TLS Mode: \(mode.rawValue)")
        }
    }

    /// What the pod enforces on the port, and whether clients fit that (the TLS line of istioctl 1.4).
    private mutating func describeTLS(_ service: Service, _ port: Service.Port, _ rule: MergedRule?, _ pod: Workload) {
        guard let number = pod.number(of: port.target), pod.hasSidecar else { return }
        let server = model.serverMode(of: pod, port: number)
        let client = rule?.settings(port: port.number, subset: "").tls?.mode
        switch TLSCheck.status(server: server.mode, client: client, isAutomatic: model.config.enableAutoMtls) {
        case .automatic: lines.append("   Pod is \(server.mode.rawValue), clients configured automatically")
        case .ok:
            let clients =
                client.map { "and clients are \($0.rawValue)" } ?? "and clients speak plaintext: auto mTLS is off"
            lines.append("   Pod is \(server.mode.rawValue) \(clients)")
        case .conflict:
            let enforces = "pod enforces \(server.mode.rawValue), clients speak \(client?.rawValue ?? "-")"
            lines.append("WARNING TLS Conflict on \(name(pod.key)) port \(port.number) (\(enforces))")
            let policy = server.object.map { "\($0.kind) \(name($0.key))" } ?? "the mesh's default"
            if let rule {
                lines.append("  Check DestinationRule \(name(rule.sources[0])) and \(policy)")
            } else {
                lines.append("  There is no DestinationRule.  Check \(policy)")
            }
        }
    }

    /// The gateways with routes to the service, and the address at which each is reached.
    private mutating func describeExposure(_ service: Service) {
        var told: Set<String> = []
        for gateway in model.gatewayWorkloads {
            let view = model.gatewayView(of: gateway)
            let addresses = model.services(selecting: gateway).lazy.flatMap(\.externalAddresses).first
            let address = addresses ?? gateway.addresses.first ?? "\(name(gateway.key))"
            for table in view.routeNames.compactMap({ view.routes($0, in: model) }) {
                let origins = Set(
                    table.virtualHosts.flatMap(\.routes).filter { Self.leads($0, to: service.host) }.map(\.origin)
                )
                guard !origins.isEmpty else { continue }
                let scheme = table.servers.contains { $0.server.tls != nil && !$0.redirectsToHTTPS } ? "https" : "http"
                if told.insert("\(scheme)://\(address)").inserted {
                    lines.append("Exposed on Ingress Gateway \(scheme)://\(address)")
                }
                for origin in origins.sorted(by: { $0.key < $1.key })
                where told.insert("\(scheme)://\(address) \(origin)").inserted {
                    lines.append("VirtualService: \(name(origin.key))")
                }
            }
        }
    }

    private static func leads(_ route: HTTPRouteDecision, to host: String) -> Bool {
        guard case .forward(let forwarding) = route.action else { return false }
        return forwarding.destinations.contains { $0.name.host == host }
    }

    private mutating func describePolicies(of pod: Workload) {
        guard pod.hasSidecar else { return }
        let inbound = model.inbound(of: pod)
        lines.append("Effective PeerAuthentication:")
        lines.append("   Workload mTLS mode: \(inbound.otherMode.mode.rawValue)")
        let different = inbound.ports.filter { $0.mode.mode != inbound.otherMode.mode }
        if !different.isEmpty {
            lines.append("   Port Level mTLS mode:")
            for port in different { lines.append("      \(port.number): \(port.mode.mode.rawValue)") }
        }
        let applied = model.policies(for: pod)
        guard !applied.isEmpty else { return }
        let kinds = Set(applied.map(\.kind))
        lines.append(kinds == ["PeerAuthentication"] ? "Applied PeerAuthentication:" : "Applied policies:")
        let names = applied.map { kinds.count == 1 ? name($0.key) : "\($0.kind) \(name($0.key))" }
        lines.append("   " + names.joined(separator: ", "))
    }
}
