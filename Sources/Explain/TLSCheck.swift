internal import Kubernetes
public import Mesh
internal import MeshAPI

/// `istioctl authn tls-check`: what servers accept and what rules make one client send.
public struct TLSCheck: Sendable {
    public enum Status: String, Hashable, Sendable {
        case ok = "OK"
        /// No rule says anything, and automatic mutual TLS decides.
        case automatic = "AUTO"
        case conflict = "CONFLICT"
    }

    public struct Row: Hashable, Sendable {
        /// The host, `host|subset` for a subset.
        public var host: String
        public var port: Int
        public var status: Status
        /// `DISABLE`, `PERMISSIVE`, `STRICT`, or `UNKNOWN` when the workloads differ.
        public var server: String
        /// The rule's TLS mode; `-` when it says nothing.
        public var client: String
        /// `namespace/name`, `/default` for a MeshPolicy, `-` for none.
        public var policy: String
        /// `namespace/name`, `-` for none.
        public var rule: String
    }

    public var rows: [Row]

    /// - Parameter host: Only the first row whose host equals it; nil for all rows.
    public init(_ model: MeshModel, client: Workload, host: String? = nil) {
        let client = Client(client)
        let services = model.services.values.filter { service in
            !service.isExternal && !service.isAlias
                && (host.map { $0.split(separator: "|").first.map(String.init) == service.host } ?? true)
        }
        rows = services.sorted { $0.host < $1.host }.flatMap { service in
            service.ports.filter { $0.spoken != .udp }.sorted { $0.number < $1.number }.flatMap { port in
                Self.rows(model, client, service, port)
            }
        }
        rows.sort { $0.host != $1.host ? $0.host < $1.host : $0.port < $1.port }
        if let host { rows = rows.first { $0.host == host }.map { [$0] } ?? [] }
    }

    private static func rows(_ model: MeshModel, _ client: Client, _ service: Service, _ port: Service.Port) -> [Row] {
        let server = Self.server(model, service, port)
        let rule = model.rule(for: client, to: service)
        let isAutomatic = model.config.enableAutoMtls
        func row(_ host: String, _ mode: ClientTLSSettings.Mode?) -> Row {
            Row(
                host: host,
                port: port.number,
                status: status(server: server.mode, client: mode, isAutomatic: isAutomatic),
                server: server.mode?.rawValue ?? "UNKNOWN",
                client: mode?.rawValue ?? "-",
                policy: server.policy,
                rule: rule?.sources.first?.description ?? "-"
            )
        }
        let whole = row(service.host, rule?.settings(port: port.number, subset: "").tls?.mode)
        let subsets = (rule?.subsets ?? []).map { subset in
            // Only what the subset itself says.
            let policy = subset.trafficPolicy
            let settings = policy?.settings(forPort: port.number) ?? policy?.settings
            return row("\(service.host)|\(subset.name)", settings?.tls?.mode)
        }
        return [whole] + subsets
    }

    static func status(server: MutualTLSMode?, client: ClientTLSSettings.Mode?, isAutomatic: Bool) -> Status {
        switch (server, client) {
        case (_, nil): isAutomatic ? .automatic : .ok
        case (.disable, .disable), (.permissive, .disable), (.strict, .istioMutual), (.permissive, .istioMutual): .ok
        default: .conflict
        }
    }

    /// What all the workloads with a sidecar accept on the port; without any, what is said of the service.
    private static func server(
        _ model: MeshModel,
        _ service: Service,
        _ port: Service.Port
    ) -> (mode: MutualTLSMode?, policy: String) {
        let modes = Set(model.serverModes(of: service, port: port))
        let decision = modes.count > 1 ? nil : modes.first ?? model.serviceMode(of: service, port: port)
        if decision == nil, Set(modes.map(\.mode)).count == 1 { return (modes.first?.mode, "-") }
        guard let object = decision?.object else { return (decision?.mode, "-") }
        return (decision?.mode, object.kind == "MeshPolicy" ? "/\(object.key.name)" : object.key.description)
    }

    /// istioctl's table.
    public var text: String {
        var table = TextTable(["HOST:PORT", "STATUS", "SERVER", "CLIENT", "AUTHN POLICY", "DESTINATION RULE"])
        for row in rows {
            table.add(["\(row.host):\(row.port)", row.status.rawValue, row.server, row.client, row.policy, row.rule])
        }
        return table.text
    }
}
