import JSON
import Kubernetes

/// The Kubernetes API server of one machine.
public final class APIServer: Sendable {
    let registry: Registry

    /// Opens the database at `path`, or makes it, with the namespaces every cluster has.
    public init(databasePath path: String) async throws {
        registry = Registry(store: try await Store(path: path), builtIn: BuiltInResources.all)
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            try await makeIfMissing(.namespaces, namespace: nil, ["metadata": ["name": .string(name)]])
        }
    }

    /// The API for parts of the cluster in this process: no network, no authorization, all of admission.
    public var local: LocalKubernetesAPI { LocalKubernetesAPI(registry: registry) }

    func makeIfMissing(_ type: ResourceType, namespace: String?, _ object: JSON) async throws {
        do {
            _ = try await local.create(type, namespace: namespace, object)
        } catch let error as StatusError where error.alreadyExists {
            // Made by an earlier start.
        }
    }
}
