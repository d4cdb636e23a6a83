internal import Base
internal import Explain
internal import JSON
internal import Kubernetes
internal import Mesh
internal import MeshAPI
internal import YAML

extension Command {
    private static let output = Flag("output", "o", default: "short", "One of short, json or yaml")

    static let proxyConfig = Command(
        name: "proxy-config",
        aliases: ["pc"],
        summary: "Retrieve information about proxy configuration from a pod",
        examples: "istioctl proxy-config secret deploy/sleep.foo",
        subcommands: [
            page("secret", ["s", "secrets"], "Retrieves the certificates and roots of a pod's proxy") { view in
                view.secrets
            },
            page("cluster", ["clusters", "c"], "Retrieves the destinations that a pod's proxy knows") { $0.clusters },
            page("endpoint", ["endpoints", "ep"], "Retrieves the endpoints that a pod's proxy knows") { $0.endpoints },
            page("listener", ["listeners", "l"], "Retrieves what a pod's proxy listens to") { $0.listeners },
            page("route", ["routes", "r"], "Retrieves the routes that a pod's proxy knows") { $0.routes },
            page("all", ["a"], "Retrieves everything that a pod's proxy knows") { view in
                [view.clusters, view.listeners, view.endpoints, view.secrets].joined(separator: "\n")
            },
        ]
    )

    private static func page(
        _ name: String,
        _ aliases: [String],
        _ summary: String,
        _ text: @escaping @Sendable (ProxyView) -> String
    ) -> Command {
        Command(
            name: name,
            aliases: aliases,
            arguments: "[<type>/]<name>[.<namespace>]",
            summary: summary,
            examples: "istioctl proxy-config \(name) deploy/sleep.foo",
            flags: [output],
            argumentCount: 1...1,
            run: { invocation in
                let view = try await ProxyView(invocation)
                switch invocation.string("output") {
                case "short", "table": invocation.console.write(.output, text(view))
                case "json": invocation.console.print(view.document(name).text(isPretty: true))
                case "yaml": invocation.console.write(.output, YAML.text(view.document(name)))
                default: throw ExitError("output format \"\(invocation.string("output"))\" not supported")
                }
            }
        )
    }
}

/// What one proxy says about itself, with what the model says about the names in it.
private struct ProxyView: Sendable {
    private let workload: Workload
    private let model: MeshModel
    private let certificates: JSON
    let dump: JSON

    init(_ invocation: Invocation) async throws {
        let cluster = try await invocation.cluster()
        let reference = PodReference(invocation.arguments[0], namespace: invocation.namespace(of: cluster))
        let pod = try await reference.resolve(cluster.api)
        let admin = PodAdmin.proxy(cluster, pod: pod)
        async let certs = admin.page("/certs")
        async let configuration = admin.page("/config_dump")
        async let snapshot = MeshSnapshot.load(cluster.api, systemNamespace: invocation.systemNamespace)
        model = try await snapshot.model
        certificates = try await certs
        dump = try await configuration
        workload = model.workloads[pod.metadata.key] ?? Workload(pod: pod)
    }

    /// What the page `name` is about, as the proxy tells it.
    func document(_ name: String) -> JSON { name == "secret" ? secretDump : dump }

    /// The destinations that the proxy has asked for.
    private var destinations: [DestinationDecision] {
        let names = (dump["resources"]?.object ?? [:]).keys.compactMap { key -> DestinationName? in
            key.hasPrefix("destination/") ? DestinationName(String(key.dropFirst("destination/".count))) : nil
        }
        return names.sorted { ($0.host, $0.port, $0.subset) < ($1.host, $1.port, $1.subset) }
            .compactMap { model.destination($0, for: Client(workload)) }
    }

    var clusters: String {
        var table = TextTable(["SERVICE FQDN", "PORT", "SUBSET", "DIRECTION", "TYPE", "DESTINATION RULE"])
        for destination in destinations {
            let name = destination.name
            table.add([
                name.host, String(name.port), name.subset.isEmpty ? "-" : name.subset, "outbound",
                destination.resolvesRequestedHost
                    ? "DYNAMIC_DNS" : destination.usesOriginalDestination ? "ORIGINAL_DST" : "EDS",
                destination.rule.map { "\($0.key.name).\($0.key.namespace)" } ?? "",
            ])
        }
        for port in model.inbound(of: workload).ports {
            table.add(["", String(port.number), "-", "inbound", "ORIGINAL_DST", ""])
        }
        return table.text
    }

    var endpoints: String {
        var table = TextTable(["ENDPOINT", "STATUS", "OUTLIER CHECK", "CLUSTER", "TLS", "WHY"])
        for destination in destinations {
            for endpoint in destination.endpoints {
                table.add([
                    "\(endpoint.address):\(endpoint.port)", "HEALTHY", "OK", destination.name.description,
                    endpoint.isEncrypted ? "mTLS" : "plaintext", endpoint.reason,
                ])
            }
        }
        return table.text
    }

    var listeners: String {
        var table = TextTable(["ADDRESSES", "PORT", "MATCH", "DESTINATION"])
        if workload.isGateway {
            for row in GatewayTables.listeners(of: workload, in: model) { table.add(row) }
            return table.text
        }
        for destination in destinations {
            let addresses = model.services[destination.name.host]?.addresses ?? []
            table.add([
                addresses.isEmpty ? "0.0.0.0" : addresses.joined(separator: ","), String(destination.name.port), "ALL",
                "Cluster: \(destination.name)",
            ])
        }
        table.add(["0.0.0.0", "15001", "ALL", "PassthroughCluster"])
        let inbound = model.inbound(of: workload)
        for port in inbound.ports {
            table.add([
                "0.0.0.0", "15006", "Addr: *:\(port.number); \(port.mode.mode.rawValue)",
                "Cluster: inbound|\(port.number)||",
            ])
        }
        table.add(["0.0.0.0", "15006", "Addr: *; \(inbound.otherMode.mode.rawValue)", "InboundPassthroughCluster"])
        return table.text
    }

    var routes: String {
        var table = TextTable(["NAME", "VHOST NAME", "DOMAINS", "MATCH", "VIRTUAL SERVICE"])
        let rows = workload.isGateway ? GatewayTables.routes(of: workload, in: model) : sidecarRoutes
        for row in rows { table.add(row) }
        return table.text
    }

    /// The hosts that the proxy has asked for.
    private var sidecarRoutes: [[String]] {
        (dump["resources"]?.object ?? [:]).keys.sorted().compactMap { key -> [[String]]? in
            let parts = key.split(separator: "/", maxSplits: 2).map(String.init)
            guard parts.count == 3, parts[0] == "host", let port = Int(parts[1]) else { return nil }
            let decision = model.route(for: Client(workload), toHost: parts[2], port: port)
            let start = [parts[1], "\(parts[2]):\(port)", parts[2]]
            if let routes = decision.routes { return GatewayTables.rows(of: routes).map { start + $0 } }
            return [start + ["/*", decision.destination == nil ? "404" : ""]]
        }.flatMap(\.self)
    }

    private var secretRows: [SecretRow] { SecretRow.rows(certificates) }

    var secrets: String {
        var table = TextTable([
            "RESOURCE NAME", "TYPE", "STATUS", "VALID CERT", "SERIAL NUMBER", "NOT AFTER", "NOT BEFORE",
        ])
        for row in secretRows { table.add(row.cells(now: .now)) }
        return table.text
    }

    /// In the form of Envoy's secrets dump; a private key is never part of it.
    var secretDump: JSON {
        let (active, warming) = (secretRows.filter(\.isActive), secretRows.filter { !$0.isActive })
        var dump: JSON = ["dynamicActiveSecrets": .array(active.map(\.json))]
        if !warming.isEmpty { dump["dynamicWarmingSecrets"] = .array(warming.map(\.json)) }
        return dump
    }
}
