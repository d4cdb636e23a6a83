internal import Base
internal import JSON
internal import Kubernetes

/// Writes a pod's `status` as the kubelet does.
struct PodStatus: Sendable {
    let machine: PodMachine
    let hostIP: IPAddress
    /// The status as it is stored, whose condition times are kept while nothing about them changes.
    let previous: JSON
    let now: Timestamp

    var json: JSON {
        var status: JSON = [
            "phase": .string(phase),
            "conditions": .array(conditions),
            "hostIP": .string("\(hostIP)"),
            "hostIPs": [["ip": .string("\(hostIP)")]],
            "startTime": .string("\(machine.startTime)"),
            "containerStatuses": .array(machine.pod.containers.map(containerStatus)),
        ]
        if let podIP = machine.podIP {
            status["podIP"] = .string("\(podIP)")
            status["podIPs"] = [["ip": .string("\(podIP)")]]
        }
        if !machine.pod.initContainers.isEmpty {
            status["initContainerStatuses"] = .array(machine.pod.initContainers.map(containerStatus))
        }
        if let end = machine.end, !end.reason.isEmpty {
            status["reason"] = .string(end.reason)
            status["message"] = .string(end.message)
        }
        return status
    }

    var phase: String {
        if let end = machine.end, !machine.hasActiveContainers { return end.hasSucceeded ? "Succeeded" : "Failed" }
        if !machine.hasInitialized { return "Pending" }
        let records = machine.pod.containers.compactMap { machine.containers[$0.name] }
        if machine.isBeingDeleted, !machine.hasActiveContainers, records.allSatisfy({ $0.termination != nil }) {
            return records.allSatisfy(\.hasSucceeded) ? "Succeeded" : "Failed"
        }
        let hasUnstarted = records.contains {
            switch $0.state {
            case .waiting: $0.lastTermination == nil
            case .starting(let previous): previous == nil
            default: false
            }
        }
        return hasUnstarted ? "Pending" : "Running"
    }

    private var isFinished: Bool { phase == "Succeeded" || phase == "Failed" }

    // Conditions.

    private var conditions: [JSON] {
        let unready =
            machine.pod.containers.filter { machine.containers[$0.name]?.isReady != true }.map(\.name)
            + machine.sidecars.filter { machine.containers[$0.name]?.isReady != true }.map(\.name)
        let hasSandbox = if case .ready = machine.sandbox { true } else { false }
        let isReady = unready.isEmpty && !isFinished && machine.hasInitialized
        let (reason, message) =
            phase == "Succeeded"
            ? ("PodCompleted", "")
            : phase == "Failed"
                ? ("PodFailed", "")
                : ("ContainersNotReady", "containers with unready status: [\(unready.joined(separator: " "))]")
        return [
            condition("PodReadyToStartContainers", hasSandbox),
            initialized,
            condition("Ready", isReady, reason: reason, message: message),
            condition("ContainersReady", isReady, reason: reason, message: message),
            condition("PodScheduled", true),
        ]
    }

    private var initialized: JSON {
        if machine.hasInitialized {
            return condition("Initialized", true, reason: phase == "Succeeded" ? "PodCompleted" : "", isShown: true)
        }
        let waiting = machine.pod.initContainers.filter {
            let record = machine.containers[$0.name]
            return $0.isSidecar ? record?.isStarted != true : record?.hasSucceeded != true
        }
        return condition(
            "Initialized",
            waiting.isEmpty,
            reason: "ContainersNotInitialized",
            message: "containers with incomplete status: [\(waiting.map(\.name).joined(separator: " "))]"
        )
    }

    /// - Parameter isShown: Whether `reason` is told of a condition that is true as well.
    private func condition(
        _ type: String,
        _ isTrue: Bool,
        reason: String = "",
        message: String = "",
        isShown: Bool = false
    ) -> JSON {
        let status = isTrue ? "True" : "False"
        let old = previous["conditions"]?.array?.first { $0["type"]?.string == type }
        let isUnchanged = old?["status"]?.string == status
        var condition: JSON = [
            "type": .string(type), "status": .string(status), "lastProbeTime": .null,
            "lastTransitionTime": (isUnchanged ? old?["lastTransitionTime"] : nil) ?? .string("\(now)"),
        ]
        if !isTrue || isShown, !reason.isEmpty { condition["reason"] = .string(reason) }
        if !isTrue, !message.isEmpty { condition["message"] = .string(message) }
        return condition
    }

    // Containers.

    private func containerStatus(_ container: ContainerSpecification) -> JSON {
        let record = machine.containers[container.name] ?? ContainerRecord()
        let isDone = container.isInit && !container.isSidecar && record.hasSucceeded
        var status: JSON = [
            "name": .string(container.name),
            "image": .string(container.image),
            "imageID": .string("apus-lab://\(ImageTable.repository(of: container.image))"),
            "ready": .bool(isDone || record.isReady),
            "started": .bool(record.isStarted),
            "restartCount": .int(Int64(record.restartCount)),
            "state": state(record, container),
            "lastState": [:],
        ]
        if let last = record.lastTermination, record.termination != last { status["lastState"] = Self.terminated(last) }
        if isWaitingAfterCrash(record, container), let last = record.termination {
            status["lastState"] = Self.terminated(last)
        }
        if let identifier = record.run?.identifier ?? record.termination?.identifier {
            status["containerID"] = .string(identifier)
        }
        return status
    }

    private func state(_ record: ContainerRecord, _ container: ContainerSpecification) -> JSON {
        switch record.state {
        case .waiting(let reason, let message): return Self.waiting(reason, message)
        case .starting(nil): return Self.waiting("ContainerCreating", "")
        case .starting(.terminated(let termination)?): return Self.terminated(termination)
        case .running(let run), .stopping(let run): return ["running": ["startedAt": .string("\(run.startedAt)")]]
        case .terminated(let termination):
            guard isWaitingAfterCrash(record, container) else { return Self.terminated(termination) }
            let wait = (record.backoff ?? .zero) / 2
            let pod = machine.pod
            return Self.waiting(
                "CrashLoopBackOff",
                "back-off \(Self.short(max(wait, ContainerRecord.firstBackoff))) restarting failed container=\(container.name) "
                    + "pod=\(pod.name)_\(pod.namespace)(\(pod.uid))"
            )
        }
    }

    private func isWaitingAfterCrash(_ record: ContainerRecord, _ container: ContainerSpecification) -> Bool {
        guard let termination = record.termination, record.notBefore != nil, machine.end == nil, !machine.isBeingDeleted
        else { return false }
        switch machine.pod.restartPolicy {
        case .always: return container.isSidecar || !container.isInit || termination.exitCode != 0
        case .onFailure: return container.isSidecar || termination.exitCode != 0
        case .never: return container.isSidecar
        }
    }

    private static func waiting(_ reason: String, _ message: String) -> JSON {
        var waiting: JSON = ["reason": .string(reason)]
        if !message.isEmpty { waiting["message"] = .string(message) }
        return ["waiting": waiting]
    }

    private static func terminated(_ termination: ContainerRecord.Termination) -> JSON {
        var json: JSON = [
            "exitCode": .int(Int64(termination.exitCode)), "reason": .string(termination.reason),
            "startedAt": .string("\(termination.startedAt)"), "finishedAt": .string("\(termination.finishedAt)"),
            "containerID": .string(termination.identifier),
        ]
        if !termination.message.isEmpty { json["message"] = .string(termination.message) }
        return ["terminated": json]
    }

    /// As Go writes a duration: `10s`, `1m20s`, `5m0s`.
    private static func short(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        return seconds < 60 ? "\(seconds)s" : "\(seconds / 60)m\(seconds % 60)s"
    }
}
