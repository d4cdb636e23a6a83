internal import Base
internal import JSON
internal import Kubernetes

/// Asks a pod's proxy about itself, through the API server (`apus-proxy request` in its container).
struct ProxyAdmin {
    let cluster: Cluster
    let namespace: String
    let pod: String

    init(_ cluster: Cluster, pod: JSON) {
        self.cluster = cluster
        namespace = pod["metadata", "namespace"]?.string ?? ""
        self.pod = pod["metadata", "name"]?.string ?? ""
    }

    /// The page at `path`, such as `certs`.
    func page(_ path: String) async throws -> JSON {
        let command = ["apus-proxy", "request", "GET", path]
        let result = try await cluster.exec(command, namespace, pod, "istio-proxy")
        guard result.status == 0 else {
            let text = String(decoding: result.errors.isEmpty ? result.output : result.errors, as: UTF8.self)
            throw MeshError(.unavailable, "the proxy of pod \(pod).\(namespace) did not answer: \(text)")
        }
        do {
            return try JSON(parsing: result.output)
        } catch {
            throw MeshError(.protocolViolation, "the proxy of pod \(pod).\(namespace) answered nonsense", cause: error)
        }
    }
}
