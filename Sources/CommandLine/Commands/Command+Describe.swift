internal import Explain
internal import Kubernetes
internal import Mesh

extension Command {
    static let describe = Command(
        name: "describe",
        aliases: ["des"],
        summary: "Describe resource and related Istio configuration",
        subcommands: [
            describing("pod", alias: "po", "pods", example: "productpage-v1-c7765c886-7zzd4") { name, mesh in
                let pod = try await workload(name, mesh.namespace, mesh.cluster, mesh.model)
                return Description(pod: pod, in: mesh.model, defaultNamespace: mesh.namespace)
            },
            describing("service", alias: "svc", argument: "svc", "services", example: "productpage") { name, mesh in
                let service = try ServiceName(name).resolve(in: mesh.model, namespace: mesh.namespace)
                return Description(service: service, in: mesh.model, defaultNamespace: mesh.namespace)
            },
        ]
    )

    private static func describing(
        _ name: String,
        alias: String,
        argument: String? = nil,
        _ objects: String,
        example: String,
        _ description: @escaping @Sendable (String, Invocation.MeshView) async throws -> Description
    ) -> Command {
        Command(
            name: name,
            aliases: [alias],
            arguments: "<\(argument ?? name)>",
            summary: "Describe \(objects) and their Istio configuration",
            examples: "istioctl x describe \(name) \(example)",
            argumentCount: 1...1,
            run: { invocation in
                let text = try await description(invocation.arguments[0], try await invocation.mesh()).text
                invocation.console.write(.output, text)
            }
        )
    }
}
