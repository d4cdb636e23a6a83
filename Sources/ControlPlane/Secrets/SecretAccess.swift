internal import JSON
internal import Kubernetes

/// Whether a service account may list the Secrets of its own namespace (`authorization.k8s.io/v1.SubjectAccessReview`).
///
/// Istio's rule: a proxy is given only what its account could read by itself.
struct SecretAccess {
    struct Account: Hashable, Sendable {
        let namespace: String
        let name: String

        /// The name by which Kubernetes knows it.
        var user: String { "system:serviceaccount:\(namespace):\(name)" }
    }

    private struct Answer {
        let isAllowed: Bool
        let until: ContinuousClock.Instant
    }

    /// How long an answer counts, as in Istio.
    static let allowedLifetime: Duration = .seconds(300)
    static let deniedLifetime: Duration = .seconds(60)

    private var answers: [Account: Answer] = [:]

    /// The answer that still counts; nil when it has to be asked for.
    func isAllowed(_ account: Account, now: ContinuousClock.Instant) -> Bool? {
        answers[account].flatMap { $0.until > now ? $0.isAllowed : nil }
    }

    /// - Returns: Whether this is another answer than the last one.
    mutating func answered(_ account: Account, isAllowed: Bool, now: ContinuousClock.Instant) -> Bool {
        let before = answers[account]
        let lifetime = isAllowed ? Self.allowedLifetime : Self.deniedLifetime
        answers[account] = Answer(isAllowed: isAllowed, until: now + lifetime)
        return before?.isAllowed != isAllowed
    }

    /// Forgets all but these.
    mutating func keepOnly(_ accounts: Set<Account>) { answers = answers.filter { accounts.contains($0.key) } }

    /// Asks the API server.
    static func review(_ account: Account, _ api: any KubernetesAPI) async throws -> Bool {
        let review: JSON = [
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": [
                "user": .string(account.user),
                "groups": [
                    "system:serviceaccounts", .string("system:serviceaccounts:\(account.namespace)"),
                    "system:authenticated",
                ],
                "resourceAttributes": [
                    "namespace": .string(account.namespace), "verb": "list", "resource": "secrets",
                ],
            ],
        ]
        let answer = try await api.create(.subjectAccessReviews, namespace: nil, review)
        return answer["status", "allowed"]?.bool ?? false
    }
}
