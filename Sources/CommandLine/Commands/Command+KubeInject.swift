internal import Base
internal import Injection
internal import JSON
internal import Kubernetes
internal import YAML

extension Command {
    static let kubeInject = Command(
        name: "kube-inject",
        summary: "Inject Istio sidecar into Kubernetes pod resources",
        details: """
            Reads Kubernetes manifests and adds the sidecar to every workload in them; everything else passes
            unchanged. Without files of its own, the command takes the configuration from the cluster.
            """,
        examples: """
            # Inject on the way to the cluster
            kubectl apply -f <(istioctl kube-inject -f samples/sleep/sleep.yaml)

            # Keep the result
            istioctl kube-inject -f deployment.yaml -o deployment-injected.yaml
            """,
        flags: [
            Flag("filename", "f", "Manifest to read; - is standard input"),
            Flag("output", "o", "File to write instead of standard output"),
            Flag("meshConfigFile", "", "File with the mesh configuration, instead of the cluster's"),
            Flag("injectConfigFile", "", "File with the injector's configuration, instead of the cluster's"),
            Flag("valuesFile", "", "File with the installation's values, instead of the cluster's"),
            Flag("meshConfigMapName", "", default: "istio", "ConfigMap with the mesh configuration, key \"mesh\""),
            Flag(
                "injectConfigMapName",
                "",
                default: "istio-sidecar-injector",
                "ConfigMap with the injector's configuration"
            ),
            Flag("revision", "r", "The control plane's revision"),
        ],
        run: { invocation in
            guard invocation.has("filename") else {
                throw ExitError("filename not specified (see --filename or -f)")
            }
            let file = invocation.string("filename")
            let manifest = try ManifestFile.text(file)
            let settings = try await InjectionSource(invocation).settings()
            let result: ManifestInjection.Result
            do {
                result = try ManifestInjection(settings: settings).inject(manifest)
            } catch {
                throw ExitError("nothing is injected into \(file): \(error)")
            }
            for warning in result.warnings { invocation.console.complain(warning) }
            guard invocation.has("output") else { return invocation.console.write(.output, result.text) }
            try Files.replace(invocation.string("output"), with: Array(result.text.utf8), mode: 0o644)
        }
    )
}

/// Where the configuration of the injector comes from: files, or the cluster.
private struct InjectionSource {
    private let invocation: Invocation

    init(_ invocation: Invocation) { self.invocation = invocation }

    func settings() async throws -> InjectionSettings {
        let files = ["meshConfigFile", "injectConfigFile", "valuesFile"].filter(invocation.has)
        if files.count == 3 {
            return InjectionSettings(
                mesh: try file("meshConfigFile"),
                config: try file("injectConfigFile"),
                values: try file("valuesFile")
            )
        }
        let cluster = try await invocation.cluster()
        let injector = try await map(invocation.string("injectConfigMapName"), cluster)
        var settings = InjectionSettings(
            mesh: try await value("meshConfigFile", map(invocation.string("meshConfigMapName"), cluster), "mesh"),
            config: try value("injectConfigFile", injector, "config"),
            values: try value("valuesFile", injector, "values")
        )
        settings.usesNativeSidecars = try await NativeSidecars(api: cluster.api).areSupported()
        return settings
    }

    private func file(_ flag: String) throws -> JSON {
        let path = invocation.string(flag)
        do {
            return try YAML.value(try ManifestFile.text(path))
        } catch let error as YAMLError {
            throw MeshError(.invalidConfiguration, "could not read \(path)", cause: error)
        }
    }

    private func map(_ name: String, _ cluster: Cluster) async throws -> JSON {
        let revision = invocation.string("revision")
        let full = revision.isEmpty || revision == "default" ? name : "\(name)-\(revision)"
        do {
            return try await cluster.api.get(.configMaps, namespace: invocation.systemNamespace, name: full)
        } catch let error as StatusError where error.isNotFound {
            throw MeshError(
                .notFound,
                "could not read ConfigMap \(full) in namespace \(invocation.systemNamespace): is Istio installed? "
                    + "Install it with: \(invocation.path[0]) install"
            )
        }
    }

    /// A file's value if the flag is given, or else a key of the ConfigMap.
    private func value(_ flag: String, _ map: JSON, _ key: String) throws -> JSON {
        if invocation.has(flag) { return try file(flag) }
        do {
            return try YAML.value(map["data", key]?.string ?? "")
        } catch {
            let name = map["metadata", "name"]?.string ?? ""
            throw MeshError(.invalidConfiguration, "ConfigMap \(name), key \(key), cannot be read", cause: error)
        }
    }
}

/// Whether every node starts init containers with `restartPolicy: Always` as sidecars (Kubernetes 1.29).
struct NativeSidecars {
    let api: any KubernetesAPI

    func areSupported() async throws -> Bool {
        let nodes = try await api.list(.nodes, namespace: nil, labelSelector: nil, fieldSelector: nil).items
        return nodes.allSatisfy { Self.isSupported(by: $0["status", "nodeInfo", "kubeletVersion"]?.string ?? "") }
    }

    /// - Parameter version: Such as `v1.32.4`.
    static func isSupported(by version: String) -> Bool {
        let parts = version.drop { $0 == "v" }.split(separator: ".").prefix(2).map { part in
            Int(part.prefix { $0.isNumber }) ?? 0
        }
        guard parts.count == 2 else { return false }
        return parts[0] > 1 || parts[0] == 1 && parts[1] >= 29
    }
}
