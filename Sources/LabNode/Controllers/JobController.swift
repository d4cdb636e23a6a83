internal import Base
internal import JSON
internal import Kubernetes

/// Runs Jobs to their completion, as their ``JobPlan`` says.
struct JobController: Sendable {
    let api: any KubernetesAPI
    let events: EventRecorder

    func reconcile(_ key: ObjectKey) async throws -> Duration? {
        var job: JSON
        do {
            job = try await api.get(.jobs, namespace: key.namespace, name: key.name)
        } catch let error as StatusError where error.isNotFound {
            return nil
        }
        if job.metadata.isBeingDeleted { return nil }
        let list = try await api.list(.pods, namespace: key.namespace, labelSelector: nil, fieldSelector: nil)
        let pods = list.items.filter { $0.metadata.controller?.uid == job.metadata.uid }
        let plan = JobPlan(job, pods: pods, now: .now)
        if plan.isExpired {
            try await api.delete(.jobs, namespace: key.namespace, name: key.name, gracePeriodSeconds: nil)
            return nil
        }
        if plan.status != job["status"] {
            job["status"] = plan.status
            job = try await api.update(.jobs, namespace: key.namespace, subresource: "status", job)
        }
        for name in plan.deletions {
            try await api.delete(.pods, namespace: key.namespace, name: name, gracePeriodSeconds: nil)
            events.record(job, "SuccessfulDelete", "Deleted pod: \(name)")
        }
        for _ in 0..<plan.creations {
            let pod = try await api.create(.pods, namespace: key.namespace, PodTemplate.pod(from: job))
            events.record(job, "SuccessfulCreate", "Created pod: \(pod.metadata.name)")
        }
        tell(job, plan.newCondition)
        return plan.nextLook
    }

    private func tell(_ job: JSON, _ condition: String?) {
        switch condition {
        case "Complete": events.record(job, "Completed", "Job completed")
        case "Failed":
            let failure = PodTemplate.condition("Failed", of: job)
            events.record(
                job,
                failure?["reason"]?.string ?? "Failed",
                failure?["message"]?.string ?? "Job failed",
                isWarning: true
            )
        case "Suspended": events.record(job, "Suspended", "Job suspended")
        default: break
        }
    }
}
