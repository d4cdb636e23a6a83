internal import Base
internal import JSON
internal import Kubernetes

/// Whether the control plane can do its work: its Deployment is rolled out, and its webhooks can be called.
struct ControlPlaneReadiness {
    let api: any KubernetesAPI
    let installation: Installation

    func wait(until deadline: ContinuousClock.Instant) async throws {
        while let missing = try await missing() {
            guard ContinuousClock.now < deadline else {
                throw MeshError(
                    .timedOut,
                    "\(installation.serviceName) is not ready: \(missing); see kubectl -n \(installation.namespace) "
                        + "describe pods -l app=istiod and kubectl -n \(installation.namespace) logs -l app=istiod"
                )
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// What is not there yet; nil when everything is.
    private func missing() async throws -> String? {
        let name = installation.serviceName
        let deployment = try await api.get(.deployments, namespace: installation.namespace, name: name)
        if let text = Self.rollout(deployment) { return text }
        let suffix = installation.revision.isEmpty ? "" : "-\(installation.revision)"
        let webhooks: [(ResourceType, String)] = [
            (.mutatingWebhookConfigurations, WebhookManifest.injectionName(installation)),
            (.validatingWebhookConfigurations, "istio-validator\(suffix)-\(installation.namespace)"),
        ]
        for (type, name) in webhooks {
            let configuration = try await api.get(type, namespace: nil, name: name)
            let isKnown = (configuration["webhooks"]?.array ?? []).allSatisfy {
                !($0["clientConfig", "caBundle"]?.string ?? "").isEmpty
            }
            if !isKnown { return "webhook \(name) has no CA bundle yet" }
        }
        return nil
    }

    /// Why a Deployment's rollout is not finished; nil when it is.
    static func rollout(_ deployment: JSON) -> String? {
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
