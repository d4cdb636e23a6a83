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
                let reasons = await Rollout(api: api).complaints(namespace: installation.namespace, app: "istiod")
                throw MeshError(
                    .timedOut,
                    "\(installation.serviceName) is not ready: \(missing)\(reasons); see kubectl -n \(installation.namespace) "
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
        if let text = Rollout.missing(deployment) { return text }
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
}
