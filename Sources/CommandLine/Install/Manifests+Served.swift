internal import JSON
internal import Kubernetes

extension Manifests {
    /// Leaves out what the cluster cannot keep: PodDisruptionBudgets came in policy/v1 with Kubernetes 1.21.
    func served(by api: any KubernetesAPI) async throws -> Manifests {
        if try await api.itemsIfServed(.podDisruptionBudgets) != nil { return self }
        var result = self
        result.egressGateways.removeAll { $0["kind"] == "PodDisruptionBudget" }
        result.ingressGateways.removeAll { $0["kind"] == "PodDisruptionBudget" }
        return result
    }
}
