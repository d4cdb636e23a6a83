internal import Base
internal import Kubernetes

/// A Kubernetes API server, and what the kubeconfig says beside.
struct Cluster: Sendable {
    let api: any KubernetesAPI
    /// The namespace meant when nobody says.
    let namespace: String
    /// Runs a program in a container: the command, the namespace, the pod, the container.
    let exec: @Sendable ([String], String, String, String) async throws -> ExecOutput
    /// The same with its standard streams left open; nil where that cannot be done.
    var open: (@Sendable ([String], String, String, String) async throws -> PodExecStream)?
}
