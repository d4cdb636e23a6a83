public import Kubernetes
public import Mesh

/// Who reaches whom, with which identity, and whether anybody on the way can read it.
public struct ConnectionMatrix: Sendable {
    /// One client and one port of a service.
    public struct Row: Hashable, Sendable {
        public var client: ObjectKey
        public var destination: DestinationName
        /// One for each endpoint that the client may reach.
        public var connections: [ConnectionDecision]

        /// `yes`, `no (503 UF)`, or how many of the endpoints.
        public var reachable: String {
            let working = connections.count { $0.works }
            if working == connections.count { return "yes" }
            let failures = Set(connections.compactMap(\.failure)).sorted().joined(separator: ", ")
            return working == 0 ? "no (\(failures))" : "\(working) of \(connections.count) endpoints (\(failures))"
        }

        /// What goes over the network, by `or` when the endpoints differ; `-` when nothing does.
        public var encrypted: String {
            let wires = Set(connections.filter(\.works).map(\.wire.rawValue))
            return wires.isEmpty ? "-" : wires.sorted().joined(separator: " or ")
        }

        /// The client's identity as servers see it, `-` when none does.
        public var identity: String { connections.lazy.compactMap(\.identity).first ?? "-" }

        /// Why, each different reason once.
        public var reason: String {
            var seen: Set<String> = []
            return connections.map(\.reason).filter { seen.insert($0).inserted }.joined(separator: " | ")
        }
    }

    public var rows: [Row]

    /// The matrix of `clients`, or of all workloads that run, and all services' ports.
    ///
    /// - Parameters:
    ///   - clients: Their rows only; nil for all workloads.
    ///   - includes: Which services to look at.
    public init(_ model: MeshModel, clients: [Workload]? = nil, includes: (Service) -> Bool = { _ in true }) {
        let clients = clients ?? model.workloads.values.filter { !$0.isFinished }.sorted { $0.key < $1.key }
        let services = model.services.values.filter { !$0.isAlias && includes($0) }.sorted { $0.host < $1.host }
        rows = clients.flatMap { client in
            services.flatMap { service in
                service.ports.compactMap { port -> Row? in
                    let name = DestinationName(host: service.host, port: port.number)
                    let connections = model.connections(from: client, to: name)
                    return connections.isEmpty
                        ? nil : Row(client: client.key, destination: name, connections: connections)
                }
            }
        }
    }

    /// A table with a row for each client and port.
    public var text: String {
        var table = TextTable(["FROM", "TO", "REACHABLE", "IDENTITY SEEN", "ENCRYPTED", "WHY"], gap: 3)
        for row in rows {
            table.add([
                "\(row.client.name).\(row.client.namespace)", "\(row.destination.host):\(row.destination.port)",
                row.reachable, row.identity, row.encrypted, row.reason,
            ])
        }
        return table.text
    }
}
