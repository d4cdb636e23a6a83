internal import Base
internal import JSON
internal import Kubernetes

/// Continues a pod's history from its stored status.
///
/// No container outlives the node's program: after a restart of it, those that ran count as ended for a reason unknown,
/// and the pod is set up anew, init containers included, as after a restart of the machine.
enum PodRecovery {
    static func machine(for pod: JSON, now: Timestamp) -> PodMachine {
        let status = pod["status"] ?? .null
        let start = status["startTime"]?.string.flatMap { Timestamp($0) } ?? now
        var end: PodMachine.End?
        if let phase = status["phase"]?.string, phase == "Succeeded" || phase == "Failed" {
            end = .init(
                hasSucceeded: phase == "Succeeded",
                reason: status["reason"]?.string ?? "",
                message: status["message"]?.string ?? ""
            )
        }
        var records: [String: ContainerRecord] = [:]
        for key in ["initContainerStatuses", "containerStatuses"] {
            for entry in status[key]?.array ?? [] {
                guard let name = entry["name"]?.string else { continue }
                records[name] = record(entry, isOver: end != nil, now: now)
            }
        }
        return PodMachine(PodSpecification(pod), startTime: start, end: end, records: records)
    }

    private static func record(_ entry: JSON, isOver: Bool, now: Timestamp) -> ContainerRecord {
        var record = ContainerRecord()
        record.restartCount = Int(clamping: entry["restartCount"]?.int ?? 0)
        record.lastTermination = entry["lastState", "terminated"].flatMap(termination)
        if let ended = entry["state", "terminated"].flatMap(termination) {
            record.state = .terminated(ended)
            if isOver { return record }
            record.lastTermination = ended
        } else if let startedAt = entry["state", "running", "startedAt"]?.string.flatMap({ Timestamp($0) }) {
            record.lastTermination = .init(
                exitCode: 137,
                reason: "ContainerStatusUnknown",
                message: "the node's program was restarted",
                startedAt: startedAt,
                finishedAt: now,
                identifier: entry["containerID"]?.string ?? ""
            )
        } else {
            return record
        }
        record.restartCount += 1
        record.state = .waiting(reason: "ContainerCreating", message: "")
        return record
    }

    private static func termination(_ json: JSON) -> ContainerRecord.Termination? {
        guard let code = json["exitCode"]?.int else { return nil }
        let time = { (key: String) in json[key]?.string.flatMap { Timestamp($0) } ?? Timestamp(seconds: 0) }
        return .init(
            exitCode: Int(clamping: code),
            reason: json["reason"]?.string ?? "",
            message: json["message"]?.string ?? "",
            startedAt: time("startedAt"),
            finishedAt: time("finishedAt"),
            identifier: json["containerID"]?.string ?? ""
        )
    }
}
