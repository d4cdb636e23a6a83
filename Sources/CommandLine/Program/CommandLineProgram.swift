internal import Base
internal import Kubernetes

/// The program `apus`, which is `istioctl` when it is started under that name.
public enum CommandLineProgram {
    /// Runs the command that `arguments` (the program's own name first) asks for.
    ///
    /// - Returns: The exit status.
    public static func run(_ arguments: [String]) async -> Int32 {
        await run(arguments, in: Environment(console: .standard, connect: connect))
    }

    static func run(_ arguments: [String], in environment: Environment) async -> Int32 {
        let name = arguments.first?.split(separator: "/").last.map(String.init) ?? "apus"
        let console = environment.console
        do {
            let parser = ArgumentParser(root: root)
            switch try parser.parse(Array(arguments.dropFirst()), programName: name) {
            case .help(let command, let path): console.write(.output, HelpText(command: command, path: path).text)
            case .run(let command, let path, let words, let values):
                let invocation = Invocation(
                    path: path,
                    arguments: words,
                    values: values,
                    flags: command.flags + Flag.global,
                    environment: environment
                )
                try await command.run?(invocation)
            }
            return 0
        } catch let error as ExitError {
            if let message = error.message { console.complain("Error: \(message)") }
            return error.status
        } catch {
            console.complain("Error: \(error)")
            return 1
        }
    }

    /// Every command.
    static let root = Command(
        name: "apus",
        summary: "Apus configuration command line utility.",
        details: """
            Apus is a service mesh for one machine or for Kubernetes: every workload has an identity, and workloads
            that can speak mutual TLS do. Started under the name istioctl, this program answers to Istio's commands.
            """,
        subcommands: [
            .analyze, .authn, .experimental, .explain, .install, .kubeInject, .manifest, .matrix, .plan, .proxyConfig,
            .proxyStatus, .tlsScan,
            .uninstall, .validate, .verifyInstall, .version,
        ]
    )
}

extension CommandLineProgram {
    /// The cluster of a kubeconfig, as kubectl finds it.
    private static func connect(_ kubeconfig: String?, _ context: String?) async throws -> Cluster {
        let configuration = try ClientConfiguration.load(kubeconfig: kubeconfig, context: context)
        let client = try KubernetesClient(configuration)
        let exec = PodExec(client: client)
        return Cluster(
            api: client,
            namespace: configuration.namespace,
            exec: { try await exec.run($0, namespace: $1, pod: $2, container: $3) },
            open: { try await exec.open($0, namespace: $1, pod: $2, container: $3) }
        )
    }
}
