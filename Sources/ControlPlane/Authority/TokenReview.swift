internal import Identity
internal import JSON
internal import Kubernetes

/// Has the API server say whose service-account token it is (`authentication.k8s.io/v1.TokenReview`).
struct TokenReview: TokenReviewer {
    private let api: any KubernetesAPI

    init(api: any KubernetesAPI) { self.api = api }

    func review(token: String, audience: String) async throws -> (user: String, pod: String?)? {
        let review: JSON = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
            "spec": ["token": .string(token), "audiences": [.string(audience)]],
        ]
        let answer = try await api.create(.tokenReviews, namespace: nil, review)
        guard answer["status", "authenticated"]?.bool == true, let user = answer["status", "user", "username"]?.string
        else { return nil }
        // A server that does not know audiences says nothing of them, and has then not checked them either.
        let audiences = answer["status", "audiences"]?.array?.compactMap(\.string) ?? []
        guard audiences.contains(audience) else { return nil }
        let pod = answer["status", "user", "extra", "authentication.kubernetes.io/pod-name"]?.array?.first?.string
        return (user, pod)
    }
}
