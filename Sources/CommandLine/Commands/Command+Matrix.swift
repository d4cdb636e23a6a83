internal import Base
internal import Explain
internal import JSON
internal import Kubernetes
internal import Mesh
internal import MeshAPI

extension Command {
    static let matrix = Command(
        name: "matrix",
        summary: "Show who reaches whom, with which identity, and whether the wire is encrypted",
        details: """
            Computes, by the very rules that the control plane uses, what happens when each workload connects to each
            service. With --measure it also runs curl in the clients and tells what really happened.
            """,
        examples: """
            # Everybody to everybody, but for the system's namespaces
            apus matrix

            # From one namespace to one service
            apus matrix --from full --to httpbin.partial

            # Measured
            apus matrix --measure --from app=sleep --to httpbin
            """,
        flags: [
            Flag(
                "from",
                "",
                .strings,
                "Clients: a namespace, a pod, or a label such as app=sleep; all workloads unless given"
            ),
            Flag("to", "", .strings, "Services: a name, or a name with its namespace; all services unless given"),
            Flag(
                "measure",
                "",
                .bool,
                "Send requests with curl from the clients' containers and report what came back"
            ),
            Flag("output", "o", default: "table", "One of table or json"),
        ],
        run: { invocation in
            guard ["table", "json"].contains(invocation.string("output")) else {
                throw ExitError("--output must be 'table' or 'json'")
            }
            let cluster = try await invocation.cluster()
            let snapshot = try await MeshSnapshot.load(cluster.api, systemNamespace: invocation.systemNamespace)
            let model = snapshot.model
            let scope = MatrixScope(invocation)
            let clients = model.workloads.values.filter { !$0.isFinished && scope.includes(client: $0) }
                .sorted { $0.key < $1.key }
            let isMeasured = invocation.bool("measure")
            let matrix = ConnectionMatrix(
                model,
                clients: isMeasured ? scope.oneOfEach(clients) : clients,
                includes: scope.includes(service:)
            )
            if isMeasured {
                let measurement = Measurement(cluster: cluster)
                let text = try await measurement.measure(matrix.rows, model: model, objects: snapshot.objects)
                invocation.console.write(.output, text)
            } else if invocation.string("output") == "json" {
                invocation.console.print(JSON.array(matrix.rows.map(\.json)).text(isPretty: true))
            } else {
                invocation.console.write(.output, matrix.text)
            }
        }
    )
}

/// Which clients and services a matrix is about.
private struct MatrixScope {
    private let clients: [String]
    private let services: [String]
    private let hidden: Set<String>

    init(_ invocation: Invocation) {
        clients = invocation.strings("from")
        services = invocation.strings("to")
        hidden = ["kube-system", "kube-public", "kube-node-lease", invocation.systemNamespace]
    }

    func includes(client: Workload) -> Bool {
        guard !clients.isEmpty else { return !hidden.contains(client.namespace) }
        let name = client.key.name
        return clients.contains { wish in
            if let equals = wish.firstIndex(of: "=") {
                return client.labels[String(wish[..<equals])] == String(wish[wish.index(after: equals)...])
            }
            return wish == client.namespace || wish == name || wish == "\(name).\(client.namespace)"
                || wish == "\(client.labels["app"] ?? "").\(client.namespace)"
        }
    }

    /// One pod of each ReplicaSet: they all get the same answers.
    func oneOfEach(_ clients: [Workload]) -> [Workload] {
        var seen: Set<String> = []
        return clients.filter { seen.insert("\($0.displayName).\($0.namespace)").inserted }
    }

    func includes(service: Service) -> Bool {
        let name = service.metadata.name
        guard !services.isEmpty else {
            let isAPIServer = name == "kubernetes" && service.namespace == "default"
            return !isAPIServer && !hidden.contains(service.namespace)
        }
        return services.contains {
            [name, "\(name).\(service.namespace)", service.host, service.namespace].contains($0)
        }
    }
}

extension ConnectionMatrix.Row {
    fileprivate var json: JSON {
        [
            "client": .string("\(client.name).\(client.namespace)"), "host": .string(destination.host),
            "port": .int(Int64(destination.port)), "connections": .array(connections.map(\.json)),
        ]
    }
}

extension ConnectionDecision {
    fileprivate var json: JSON {
        var json: JSON = ["wire": .string(wire.rawValue), "works": .bool(works), "reason": .string(reason)]
        if let failure { json["failure"] = .string(failure) }
        if let identity { json["identity"] = .string(identity) }
        if let server { json["server"] = .string("\(server.key.name).\(server.namespace)") }
        return json
    }
}
