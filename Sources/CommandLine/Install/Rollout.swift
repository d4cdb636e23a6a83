internal import Base
internal import JSON
internal import Kubernetes

/// Whether the pods of a Deployment are what it says, and serve.
struct Rollout {
    let api: any KubernetesAPI

    /// - Throws: `timedOut` saying what is missing and where to look.
    func wait(_ deployment: JSON, until deadline: ContinuousClock.Instant) async throws {
        let namespace = deployment["metadata", "namespace"]?.string ?? ""
        let name = deployment["metadata", "name"]?.string ?? ""
        let app = deployment["metadata", "labels", "app"]?.string ?? name
        while let missing = Self.missing(try await api.get(.deployments, namespace: namespace, name: name)) {
            guard ContinuousClock.now < deadline else {
                let reasons = await complaints(namespace: namespace, app: app)
                throw MeshError(
                    .timedOut,
                    "\(name) is not ready: \(missing)\(reasons); see kubectl -n \(namespace) describe pods -l app=\(app) and "
                        + "kubectl -n \(namespace) logs -l app=\(app)"
                )
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// What keeps the pods' containers from running, in the words of their node; each after a semicolon.
    func complaints(namespace: String, app: String) async -> String {
        let selector = "app=\(app)"
        let pods = try? await api.list(.pods, namespace: namespace, labelSelector: selector, fieldSelector: nil)
        let complaints = (pods?.items ?? []).flatMap { pod in
            let statuses = ["initContainerStatuses", "containerStatuses"].flatMap { pod["status", $0]?.array ?? [] }
            return statuses.compactMap { Self.complaint(pod, $0) }
        }
        return complaints.map { "; \($0)" }.joined()
    }

    private static func complaint(_ pod: JSON, _ status: JSON) -> String? {
        let state = status["state", "waiting"] ?? status["state", "terminated"] ?? [:]
        guard let reason = state["reason"]?.string,
            !["ContainerCreating", "PodInitializing", "Completed"].contains(reason)
        else { return nil }
        let last = status["lastState", "terminated", "message"]?.string
        let words = [reason, last ?? state["message"]?.string].compactMap { $0 }.joined(separator: ": ")
        return "container \(status["name"]?.string ?? "") of pod \(pod.metadata.name) does not run: \(words)"
    }

    /// Why a Deployment's rollout is not finished; nil when it is.
    static func missing(_ deployment: JSON) -> String? {
        let status = deployment["status"] ?? [:]
        let wanted = deployment["spec", "replicas"]?.int ?? 1
        if (status["observedGeneration"]?.int ?? 0) < (deployment["metadata", "generation"]?.int ?? 0) {
            return "its change has not been seen yet"
        }
        let updated = status["updatedReplicas"]?.int ?? 0
        let available = status["availableReplicas"]?.int ?? 0
        if updated < wanted { return "\(updated) of \(wanted) replicas are up to date" }
        if (status["replicas"]?.int ?? 0) > updated { return "old replicas are still running" }
        if available < wanted { return "\(available) of \(wanted) replicas are available" }
        return nil
    }
}
