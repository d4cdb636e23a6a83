internal import Base
internal import Kubernetes

/// A Kubernetes API server, and what the kubeconfig says beside.
struct Cluster: Sendable {
    let api: any KubernetesAPI
    /// The namespace meant when nobody says.
    let namespace: String
    /// Runs a program in a container: the command, the namespace, the pod, the container.
    let exec: @Sendable ([String], String, String, String) async throws -> ExecOutput
}
