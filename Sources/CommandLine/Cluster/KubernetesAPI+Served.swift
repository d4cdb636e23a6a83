internal import JSON
internal import Kubernetes

extension KubernetesAPI {
    /// The objects of a collection in all namespaces; nil where the API server does not know it in this version.
    func itemsIfServed(_ type: ResourceType, labelSelector: String? = nil) async throws -> [JSON]? {
        do {
            return try await list(type, namespace: nil, labelSelector: labelSelector, fieldSelector: nil).items
        } catch let error as StatusError where error.isNotFound {
            return nil
        }
    }
}
