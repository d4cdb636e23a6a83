internal import Base
internal import JSON
internal import Kubernetes

/// Rolls Deployments out, as their ``DeploymentPlan`` says.
struct DeploymentController: Sendable {
    let api: any KubernetesAPI
    let events: EventRecorder

    func reconcile(_ key: ObjectKey) async throws -> Duration? {
        let deployment: JSON
        do {
            deployment = try await api.get(.deployments, namespace: key.namespace, name: key.name)
        } catch let error as StatusError where error.isNotFound {
            return nil
        }
        let sets = try await replicaSets(of: deployment)
        let plan = DeploymentPlan(deployment, replicaSets: sets, now: .now)
        try await carryOut(plan, deployment, sets)
        try await writeStatus(plan, key)
        return plan.isProgressing ? plan.deadline + .seconds(1) : nil
    }

    private func replicaSets(of deployment: JSON) async throws -> [JSON] {
        let list = try await api.list(
            .replicaSets,
            namespace: deployment.metadata.namespace,
            labelSelector: nil,
            fieldSelector: nil
        )
        return list.items.filter { $0.metadata.controller?.uid == deployment.metadata.uid }
    }

    private func carryOut(_ plan: DeploymentPlan, _ deployment: JSON, _ sets: [JSON]) async throws {
        let namespace = deployment.metadata.namespace
        if let creation = plan.creation { try await create(creation, deployment) }
        for scaling in plan.scalings {
            let patch: JSON = ["spec": ["replicas": .int(scaling.to)]]
            _ = try await api.patch(
                .replicaSets,
                namespace: namespace,
                name: scaling.name,
                subresource: nil,
                .merge,
                patch
            )
            tell(deployment, scaling)
        }
        for name in plan.removals {
            try await api.delete(.replicaSets, namespace: namespace, name: name, gracePeriodSeconds: nil)
        }
        let revision: JSON = ["metadata": ["annotations": [DeploymentPlan.revisionKey: .string("\(plan.revision)")]]]
        if let set = sets.first(where: { $0.metadata.name == plan.current }),
            DeploymentPlan.revision(set) != plan.revision
        {
            _ = try await api.patch(
                .replicaSets,
                namespace: namespace,
                name: set.metadata.name,
                subresource: nil,
                .merge,
                revision
            )
        }
        if deployment.metadata.annotations[DeploymentPlan.revisionKey] != "\(plan.revision)",
            plan.current != nil || plan.creation != nil
        {
            _ = try await api.patch(
                .deployments,
                namespace: namespace,
                name: deployment.metadata.name,
                subresource: nil,
                .merge,
                revision
            )
        }
    }

    private func create(_ set: JSON, _ deployment: JSON) async throws {
        do {
            _ = try await api.create(.replicaSets, namespace: deployment.metadata.namespace, set)
            let count = set.number("spec", "replicas", default: 0)
            if count > 0 { tell(deployment, .init(name: set.metadata.name, from: 0, to: count)) }
        } catch let error as StatusError where error.alreadyExists {
            // Another template has the same hash, or somebody else's set has the name: take another hash.
            let count = deployment.number("status", "collisionCount", default: 0) + 1
            _ = try await api.patch(
                .deployments,
                namespace: deployment.metadata.namespace,
                name: deployment.metadata.name,
                subresource: "status",
                .merge,
                ["status": ["collisionCount": .int(count)]]
            )
            throw error
        }
    }

    private func tell(_ deployment: JSON, _ scaling: DeploymentPlan.Scaling) {
        let direction = scaling.to > scaling.from ? "up" : "down"
        events.record(
            deployment,
            "ScalingReplicaSet",
            "Scaled \(direction) replica set \(scaling.name) from \(scaling.from) to \(scaling.to)"
        )
    }

    private func writeStatus(_ plan: DeploymentPlan, _ key: ObjectKey) async throws {
        var deployment = try await api.get(.deployments, namespace: key.namespace, name: key.name)
        guard deployment["status"] != plan.status else { return }
        deployment["status"] = plan.status
        _ = try await api.update(.deployments, namespace: key.namespace, subresource: "status", deployment)
    }
}
