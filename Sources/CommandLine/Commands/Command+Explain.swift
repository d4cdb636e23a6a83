internal import Base
internal import Explain
internal import Kubernetes
internal import Mesh

extension Command {
    static let explain = Command(
        name: "explain",
        arguments: "<client-pod> <service>[:<port>]",
        summary: "Explain one connection from both ends: what is sent, what is accepted, and which objects decide",
        examples: """
            apus explain sleep.full httpbin.partial:8000
            apus explain deploy/sleep httpbin -n full

            # What the mesh's gateways do with a host
            apus explain gateway www.example.com:443
            """,
        argumentCount: 2...2,
        run: { invocation in
            if invocation.arguments[0] == "gateway" { return try await explainGateways(invocation) }
            let (cluster, namespace, model) = try await invocation.mesh()
            let client = try await workload(invocation.arguments[0], namespace, cluster, model)
            let name = try ServiceName(invocation.arguments[1])
            let service = try name.resolve(in: model, namespace: client.namespace)
            for port in try ports(of: service, name) { explain(client, service, port, model, invocation.console) }
        }
    )

    private static func explainGateways(_ invocation: Invocation) async throws {
        let model = try await invocation.mesh().model
        let name = try ServiceName(invocation.arguments[1])
        let pods = model.gatewayWorkloads
        if pods.isEmpty { throw MeshError(.notFound, "there is no pod with a gateway proxy; install a gateway") }
        for pod in pods {
            invocation.console.print("\(invocation.arguments[1]) at gateway \(pod.key.name).\(pod.namespace)")
            let lines = GatewayText.lines(at: pod, for: name.host, port: name.port, in: model)
            for line in lines.isEmpty ? ["no server is for it: connections are refused or reset"] : lines {
                invocation.console.print("  \(line)")
            }
        }
    }

    /// The workload of a pod as people name it.
    static func workload(
        _ text: String,
        _ namespace: String,
        _ cluster: Cluster,
        _ model: MeshModel
    ) async throws -> Workload {
        let pod = try await PodReference(text, namespace: namespace).resolve(cluster.api)
        return model.workloads[pod.metadata.key] ?? Workload(pod: pod)
    }

    private static func ports(of service: Service, _ name: ServiceName) throws(MeshError) -> [Int] {
        guard let port = name.port else { return service.ports.map(\.number) }
        guard service.port(port) != nil else {
            let ports = service.ports.map { String($0.number) }.joined(separator: ", ")
            throw MeshError(.notFound, "service \(service.host) has no port \(port); it has \(ports)")
        }
        return [port]
    }

    private static func explain(
        _ client: Workload,
        _ service: Service,
        _ port: Int,
        _ model: MeshModel,
        _ console: Console
    ) {
        let name = DestinationName(host: service.host, port: port)
        console.print("\(client.key.name).\(client.namespace) -> \(service.host):\(port)")
        if client.hasSidecar {
            let lines = RouteText.lines(from: Client(client), to: service, port: port, in: model)
            if let object = lines.first { console.print("  routed by \(object)") }
            for line in lines.dropFirst() { console.print("    \(line)") }
        }
        for connection in model.connections(from: client, to: name) {
            let server = connection.server.map { "pod \($0.key.name).\($0.namespace)" } ?? "endpoint"
            console.print("  \(server)")
            console.print("    client sends    \(connection.wire.rawValue): \(connection.clientReason)")
            if !connection.serverReason.isEmpty { console.print("    server accepts  \(connection.serverReason)") }
            console.print("    outcome         \(outcome(connection, console))")
        }
    }

    private static func outcome(_ connection: ConnectionDecision, _ console: Console) -> String {
        if let failure = connection.failure { return "\(console.colored("fails", "1;31")): \(failure)" }
        return "works; the server sees \(connection.identity ?? "no identity")"
    }

    static let authn = Command(
        name: "authn",
        summary: "Interact with Istio authentication policies",
        subcommands: [
            Command(
                name: "tls-check",
                arguments: "<pod-name[.namespace]> [<service>]",
                summary: "Check whether TLS setting are matching between authentication policy and destination rules",
                examples: """
                    # What one pod's proxy does with every service
                    istioctl authn tls-check foo-656bd7df7c-5zp4s.default

                    # ... and with one
                    istioctl authn tls-check foo-656bd7df7c-5zp4s.default bar.default.svc.cluster.local
                    """,
                argumentCount: 1...2,
                run: { invocation in
                    let (cluster, namespace, model) = try await invocation.mesh()
                    let pod = try await workload(invocation.arguments[0], namespace, cluster, model)
                    let host = invocation.arguments.dropFirst().first
                    invocation.console.write(.output, TLSCheck(model, client: pod, host: host).text)
                }
            )
        ]
    )
}
