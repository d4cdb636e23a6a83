internal import Base
internal import JSON
internal import Kubernetes

/// Binds every pod to the one node, if the pod may go there.
struct Scheduler: Sendable {
    let api: any KubernetesAPI
    let informers: ClusterInformers
    let events: EventRecorder
    let nodeName: String

    func reconcile(_ key: ObjectKey) async throws -> Duration? {
        let pod: JSON
        do {
            pod = try await api.get(.pods, namespace: key.namespace, name: key.name)
        } catch let error as StatusError where error.isNotFound {
            return nil
        }
        guard pod["spec", "nodeName"]?.string ?? "" == "", pod["spec", "schedulingGates"]?.array?.isEmpty ?? true else {
            return nil
        }
        if pod.metadata.isBeingDeleted {
            try await api.delete(.pods, namespace: key.namespace, name: key.name, gracePeriodSeconds: 0)
            return nil
        }
        let name = pod["spec", "schedulerName"]?.string ?? "default-scheduler"
        guard name == "default-scheduler" else { return nil }
        guard let node = informers.nodes.object(name: nodeName) else { return .milliseconds(50) }
        if let obstacle = Self.obstacle(pod, node) {
            try await refuse(pod, obstacle)
            return .seconds(5)
        }
        let binding: JSON = [
            "apiVersion": "v1", "kind": "Binding", "metadata": ["name": .string(key.name)],
            "target": ["apiVersion": "v1", "kind": "Node", "name": .string(nodeName)],
        ]
        _ = try await api.create(.pods, namespace: key.namespace, name: key.name, subresource: "binding", binding)
        events.record(pod, "Scheduled", "Successfully assigned \(key) to \(nodeName)")
        return nil
    }

    /// Why the pod cannot go to the node, in Kubernetes' words; nil when it can.
    static func obstacle(_ pod: JSON, _ node: JSON) -> String? {
        let unfit = "0/1 nodes are available: 1 "
        let noHelp = " preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
        let selector = pod["spec", "nodeSelector"]?.strings ?? [:]
        if node["spec", "unschedulable"]?.bool == true { return unfit + "node(s) were unschedulable." + noHelp }
        if !LabelSelector(matching: selector).matches(node.metadata.labels) {
            return unfit + "node(s) didn't match Pod's node affinity/selector." + noHelp
        }
        if let taint = untolerated(pod, node) {
            let text = "{\(taint["key"]?.string ?? ""): \(taint["value"]?.string ?? "")}"
            return unfit + "node(s) had untolerated taint \(text)." + noHelp
        }
        for resource in ["cpu", "memory"] {
            let needed = PodSpecification(pod).containers.compactMap {
                ($0.json["resources", "requests"]?[resource]).flatMap { Quantity($0) }?.thousandths
            }.reduce(0, +)
            let there = node["status", "allocatable"]?[resource].flatMap { Quantity($0) }?.thousandths ?? .max
            if needed > there { return unfit + "Insufficient \(resource)." + noHelp }
        }
        return nil
    }

    /// A taint of the node that keeps new pods away, and that this one does not tolerate.
    private static func untolerated(_ pod: JSON, _ node: JSON) -> JSON? {
        let tolerations = pod["spec", "tolerations"]?.array ?? []
        return node["spec", "taints"]?.array?.first { taint in
            guard taint["effect"] != "PreferNoSchedule" else { return false }
            return !tolerations.contains { toleration in
                let key = toleration["key"]?.string ?? ""
                let effect = toleration["effect"]?.string ?? ""
                let isSame = toleration["operator"] == "Exists" || toleration["value"] ?? "" == taint["value"] ?? ""
                return (key.isEmpty || taint["key"]?.string == key)
                    && (effect.isEmpty || taint["effect"]?.string == effect)
                    && isSame
            }
        }
    }

    private func refuse(_ pod: JSON, _ obstacle: String) async throws {
        events.record(pod, "FailedScheduling", obstacle, isWarning: true)
        if PodTemplate.condition("PodScheduled", of: pod)?["message"]?.string == obstacle { return }
        let condition: JSON = [
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": .string(obstacle),
            "lastProbeTime": .null, "lastTransitionTime": .string("\(Timestamp.now)"),
        ]
        _ = try await api.patch(
            .pods,
            namespace: pod.metadata.namespace,
            name: pod.metadata.name,
            subresource: "status",
            .merge,
            ["status": ["conditions": [condition]]]
        )
    }
}
