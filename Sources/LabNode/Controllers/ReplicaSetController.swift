internal import Base
internal import JSON
internal import Kubernetes

/// Keeps as many pods as a ReplicaSet asks for.
struct ReplicaSetController: Sendable {
    let api: any KubernetesAPI
    let events: EventRecorder

    /// What a look at a ReplicaSet and its pods leads to.
    struct Plan: Sendable, Hashable {
        var creations = 0
        var deletions: [String] = []
        var status: JSON
        var nextLook: Duration?
    }

    static func plan(_ set: JSON, pods: [JSON], now: Timestamp) -> Plan {
        let desired = Int(clamping: set.number("spec", "replicas", default: 1))
        let active = pods.filter(PodTemplate.isActive)
        let minimum = set.number("spec", "minReadySeconds", default: 0)
        let availability = active.map { PodTemplate.isAvailable($0, after: minimum, now: now) }
        var status: JSON = set["status"] ?? [:]
        status["replicas"] = .int(Int64(active.count))
        let labels = set["spec", "template", "metadata", "labels"]?.strings ?? [:]
        let labelled = active.filter { LabelSelector(matching: labels).matches($0.metadata.labels) }.count
        let counts = [
            ("fullyLabeledReplicas", labelled), ("readyReplicas", active.filter(PodTemplate.isReady).count),
            ("availableReplicas", availability.filter { $0.0 }.count),
        ]
        for (key, count) in counts { status[key] = count == 0 ? nil : .int(Int64(count)) }
        status["observedGeneration"] = .int(set.metadata.generation)
        var plan = Plan(status: status, nextLook: availability.compactMap(\.wait).min())
        if set.metadata.isBeingDeleted { return plan }
        plan.creations = max(0, desired - active.count)
        if active.count > desired {
            plan.deletions = active.sorted(by: isMoreExpendable).prefix(active.count - desired).map(\.metadata.name)
        }
        return plan
    }

    /// Pods that are not yet of use go first, then the youngest.
    private static func isMoreExpendable(_ left: JSON, _ right: JSON) -> Bool {
        let rank = { (pod: JSON) -> (Int, Int, Int64, String) in
            let created = pod.metadata.creationTimestamp?.nanoseconds ?? 0
            return (
                pod["spec", "nodeName"]?.string == nil ? 0 : 1, PodTemplate.isReady(pod) ? 1 : 0, -created,
                pod.metadata.name
            )
        }
        return rank(left) < rank(right)
    }

    func reconcile(_ key: ObjectKey) async throws -> Duration? {
        let set: JSON
        do {
            set = try await api.get(.replicaSets, namespace: key.namespace, name: key.name)
        } catch let error as StatusError where error.isNotFound {
            return nil
        }
        let pods = try await claim(set)
        let plan = Self.plan(set, pods: pods, now: .now)
        for _ in 0..<plan.creations {
            do {
                let pod = try await api.create(.pods, namespace: key.namespace, PodTemplate.pod(from: set))
                events.record(set, "SuccessfulCreate", "Created pod: \(pod.metadata.name)")
            } catch {
                events.record(set, "FailedCreate", "Error creating: \(error)", isWarning: true)
                try await write(plan, set)
                throw error
            }
        }
        for name in plan.deletions {
            try await api.delete(.pods, namespace: key.namespace, name: name, gracePeriodSeconds: nil)
            events.record(set, "SuccessfulDelete", "Deleted pod: \(name)")
        }
        try await write(plan, set)
        return plan.nextLook
    }

    private func write(_ plan: Plan, _ set: JSON) async throws {
        guard plan.status != set["status"] else { return }
        var set = set
        set["status"] = plan.status
        _ = try await api.update(.replicaSets, namespace: set.metadata.namespace, subresource: "status", set)
    }

    /// The pods that belong to the set; those that match and belong to nobody are taken over.
    private func claim(_ set: JSON) async throws -> [JSON] {
        guard let selector = set.podSelector else { return [] }
        let list = try await api.list(.pods, namespace: set.metadata.namespace, labelSelector: nil, fieldSelector: nil)
        var pods: [JSON] = []
        for pod in list.items where selector.matches(pod.metadata.labels) {
            if let controller = pod.metadata.controller {
                if controller.uid == set.metadata.uid { pods.append(pod) }
            } else if PodTemplate.isActive(pod), !set.metadata.isBeingDeleted {
                let patch: JSON = [
                    "metadata": [
                        "uid": .string(pod.metadata.uid), "ownerReferences": [PodTemplate.ownerReference(to: set)],
                    ]
                ]
                pods.append(
                    try await api.patch(
                        .pods,
                        namespace: set.metadata.namespace,
                        name: pod.metadata.name,
                        subresource: nil,
                        .merge,
                        patch
                    )
                )
            }
        }
        return pods
    }
}
