import JSON
public import Kubernetes
import TLS

/// The Kubernetes API server of one machine.
public final class APIServer: Sendable {
    let registry: Registry
    let keys: ClusterKeys
    let front: APIFront

    /// Opens the database and the keys below `directory`, or makes them, with what every cluster has.
    public init(directory: String) async throws {
        keys = try ClusterKeys(directory: directory + "/pki")
        let issuer = TokenIssuer(key: keys.tokenKey)
        let store = try await Store(path: directory + "/state.db")
        registry = Registry(store: store, builtIn: BuiltInResources.all, issuer: issuer)
        front = APIFront(registry: registry, issuer: issuer)
        registry.admission = WebhookAdmission { [unowned registry] in registry.catalog.versions(storedAt: $0) }
        try await makeBasics()
    }

    /// The API for parts of the cluster in this process: no network, no authorization, all of admission.
    public var local: LocalKubernetesAPI { LocalKubernetesAPI(registry: registry) }

    /// Every resource whose objects are stored, once, in the version it is stored in.
    public var resourceTypes: [ResourceType] {
        registry.catalog.definitions
            .filter { !$0.isReview && $0.type.apiVersion == $0.storedAPIVersion && $0.conversion == nil }
            .map(\.type)
    }

    /// The certificate, in PEM, that clients check the server's with.
    public var rootCertificate: String { keys.authority.certificate.pem }

    private func makeBasics() async throws {
        let namespaces = ["default", "kube-system", "kube-public", "kube-node-lease"]
        for name in namespaces {
            try await makeIfMissing(.namespaces, ["metadata": ["name": .string(name)]])
        }
        for role in DefaultRoles.clusterRoles { try await makeIfMissing(.clusterRoles, role) }
        for binding in DefaultRoles.clusterRoleBindings { try await makeIfMissing(.clusterRoleBindings, binding) }
    }

    private func makeIfMissing(_ type: ResourceType, namespace: String? = nil, _ object: JSON) async throws {
        do {
            _ = try await local.create(type, namespace: namespace, object)
        } catch let error as StatusError where error.alreadyExists {
            // Made by an earlier start.
        }
    }
}
