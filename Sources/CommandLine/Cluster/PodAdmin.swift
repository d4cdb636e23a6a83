internal import Base
internal import JSON
internal import Kubernetes

/// Asks a program in a pod about itself, through the API server (`apus-proxy request` or `apusd request`).
struct PodAdmin {
    private let cluster: Cluster
    private let namespace: String
    private let pod: String
    private let container: String
    private let program: String

    /// The proxy of `pod`.
    static func proxy(_ cluster: Cluster, pod: JSON) -> Self { Self(cluster, pod, "istio-proxy", "apus-proxy") }

    /// The control plane that runs in `pod`.
    static func controlPlane(_ cluster: Cluster, pod: JSON) -> Self { Self(cluster, pod, "discovery", "apusd") }

    private init(_ cluster: Cluster, _ pod: JSON, _ container: String, _ program: String) {
        self.cluster = cluster
        namespace = pod["metadata", "namespace"]?.string ?? ""
        self.pod = pod["metadata", "name"]?.string ?? ""
        self.container = container
        self.program = program
    }

    /// The page at `path`, such as `certs`.
    func page(_ path: String) async throws -> JSON {
        let command = [program, "request", "GET", path]
        let result = try await cluster.exec(command, namespace, pod, container)
        guard result.status == 0 else {
            let text = String(decoding: result.errors.isEmpty ? result.output : result.errors, as: UTF8.self)
            throw MeshError(.unavailable, "\(program) of pod \(pod).\(namespace) did not answer: \(text)")
        }
        do {
            return try JSON(parsing: result.output)
        } catch {
            throw MeshError(.protocolViolation, "\(program) of pod \(pod).\(namespace) answered nonsense", cause: error)
        }
    }
}
