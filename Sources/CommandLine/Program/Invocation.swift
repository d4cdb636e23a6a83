internal import Base
internal import Explain
internal import Kubernetes
internal import Mesh

/// One command with what was typed behind it.
struct Invocation: Sendable {
    /// The words that lead to the command, the program's name first.
    let path: [String]
    let arguments: [String]
    let environment: Environment
    private let values: [String: [String]]
    private let flags: [Flag]

    init(path: [String], arguments: [String], values: [String: [String]], flags: [Flag], environment: Environment) {
        self.path = path
        self.arguments = arguments
        self.values = values
        self.flags = flags
        self.environment = environment
    }

    var console: Console { environment.console }

    /// Whether the flag was given.
    func has(_ name: String) -> Bool { values[name] != nil }

    /// The last value given, or the flag's default.
    func string(_ name: String) -> String {
        values[name]?.last ?? flags.first { $0.name == name }?.defaultValue ?? ""
    }

    func strings(_ name: String) -> [String] { values[name] ?? [] }
    func bool(_ name: String) -> Bool { Flag.boolean(string(name)) ?? false }
    func duration(_ name: String) -> Duration { Flag.duration(string(name)) ?? .zero }
    func int(_ name: String) -> Int { Int(string(name)) ?? 0 }

    var systemNamespace: String { string("istioNamespace") }

    /// The cluster that `--kubeconfig` and `--context` name.
    func cluster() async throws -> Cluster {
        let kubeconfig = string("kubeconfig")
        let context = string("context")
        return try await environment.connect(kubeconfig.isEmpty ? nil : kubeconfig, context.isEmpty ? nil : context)
    }

    /// The namespace of `--namespace`, or else that of the kubeconfig's context.
    func namespace(of cluster: Cluster) -> String { has("namespace") ? string("namespace") : cluster.namespace }

    /// A cluster, the namespace of names that have none, and the cluster's mesh as it is now.
    typealias MeshView = (cluster: Cluster, namespace: String, model: MeshModel)

    func mesh() async throws -> MeshView {
        let cluster = try await cluster()
        let snapshot = try await MeshSnapshot.load(cluster.api, systemNamespace: systemNamespace)
        return (cluster, namespace(of: cluster), snapshot.model)
    }
}

/// What a command needs of the world, so that tests can give it another one.
struct Environment: Sendable {
    let console: Console
    /// - Parameters: a kubeconfig's path and a context's name, nil for the usual ones.
    let connect: @Sendable (String?, String?) async throws -> Cluster
}
