internal import JSON
internal import Kubernetes

extension Manifests {
    /// Leaves out what the cluster cannot keep: PodDisruptionBudgets came in policy/v1 with Kubernetes 1.21.
    func served(by api: any KubernetesAPI) async throws -> Manifests {
        if try await api.serves(.podDisruptionBudgets) { return self }
        var result = self
        result.egressGateways.removeAll { $0["kind"] == "PodDisruptionBudget" }
        result.ingressGateways.removeAll { $0["kind"] == "PodDisruptionBudget" }
        return result
    }
}

extension KubernetesAPI {
    /// Whether the API server knows the collection in this version.
    func serves(_ type: ResourceType) async throws -> Bool {
        do {
            _ = try await list(type, namespace: nil, labelSelector: nil, fieldSelector: nil)
            return true
        } catch let error as StatusError where error.isNotFound {
            return false
        }
    }
}
