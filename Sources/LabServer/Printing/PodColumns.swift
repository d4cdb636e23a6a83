import Base
import JSON
import Kubernetes

/// What `kubectl get pods` shows of a pod.
struct PodSummary {
    private(set) var ready = 0
    private(set) var total: Int
    /// The word in the STATUS column, such as `Running`, `Init:0/1`, `CrashLoopBackOff`.
    private(set) var reason: String
    private(set) var restarts: Int64 = 0
    private(set) var lastRestart: Timestamp?

    init(_ pod: JSON) {
        let (spec, status) = (pod["spec"] ?? .null, pod["status"] ?? .null)
        let phase = status["phase"]?.string ?? ""
        reason = status["reason"]?.string ?? phase
        total = Printing.containers(spec).count
        var sidecars: Set<String> = []
        for container in spec["initContainers"]?.array ?? [] where container["restartPolicy"]?.string == "Always" {
            sidecars.insert(container["name"]?.string ?? "")
            total += 1
        }
        let (isInitializing, sidecarRestarts) = readInitContainers(
            status["initContainerStatuses"]?.array ?? [],
            sidecars: sidecars,
            total: spec["initContainers"]?.array?.count ?? 0
        )
        if !isInitializing || Self.condition("Initialized", status) {
            restarts = sidecarRestarts  // Init containers that are done no longer matter.
            readContainers(status)
        }
        let isOver = phase == "Succeeded" || phase == "Failed"
        if pod.metadata.isBeingDeleted, !isOver { reason = "Terminating" }
    }

    private mutating func readInitContainers(
        _ statuses: [JSON],
        sidecars: Set<String>,
        total: Int
    ) -> (isInitializing: Bool, sidecarRestarts: Int64) {
        var sidecarRestarts: Int64 = 0
        for (index, status) in statuses.enumerated() {
            count(status)
            let isSidecar = sidecars.contains(status["name"]?.string ?? "")
            if isSidecar { sidecarRestarts += status["restartCount"]?.int ?? 0 }
            let state = status["state"] ?? .null
            if let terminated = state["terminated"], terminated["exitCode"] == 0 { continue }
            if isSidecar, status["started"]?.bool ?? false {
                if status["ready"]?.bool ?? false { ready += 1 }
                continue
            }
            if let terminated = state["terminated"] {
                reason = "Init:" + Self.ending(terminated)
            } else if let waiting = state["waiting", "reason"]?.string, !waiting.isEmpty, waiting != "PodInitializing" {
                reason = "Init:" + waiting
            } else {
                reason = "Init:\(index)/\(total)"
            }
            return (true, sidecarRestarts)
        }
        return (false, sidecarRestarts)
    }

    private mutating func readContainers(_ status: JSON) {
        var isRunning = false
        for container in (status["containerStatuses"]?.array ?? []).reversed() {
            count(container)
            let state = container["state"] ?? .null
            if let waiting = state["waiting", "reason"]?.string, !waiting.isEmpty {
                reason = waiting
            } else if let terminated = state["terminated"] {
                reason = Self.ending(terminated)
            } else if container["ready"]?.bool ?? false, state["running"] != nil {
                isRunning = true
                ready += 1
            }
        }
        if reason == "Completed", isRunning {
            reason = Self.condition("Ready", status) ? "Running" : "NotReady"
        }
    }

    private mutating func count(_ status: JSON) {
        restarts += status["restartCount"]?.int ?? 0
        let finished = status["lastState", "terminated", "finishedAt"]?.string.flatMap { Timestamp($0) }
        if let finished { lastRestart = max(lastRestart ?? finished, finished) }
    }

    private static func ending(_ terminated: JSON) -> String {
        if let reason = terminated["reason"]?.string, !reason.isEmpty { return reason }
        if let signal = terminated["signal"]?.int, signal != 0 { return "Signal:\(signal)" }
        return "ExitCode:\(terminated["exitCode"]?.int ?? 0)"
    }

    private static func condition(_ type: String, _ status: JSON) -> Bool {
        (status["conditions"]?.array ?? []).contains { $0["type"]?.string == type && $0["status"]?.string == "True" }
    }

    /// The cell of the RESTARTS column: `2 (5m ago)`.
    var restartsText: String {
        guard restarts > 0, let lastRestart else { return String(restarts) }
        return "\(restarts) (\(Age.text(since: lastRestart)) ago)"
    }
}

extension TableColumns {
    static let pod = TableColumns([
        .name,
        .text("Ready") { pod in
            let summary = PodSummary(pod)
            return "\(summary.ready)/\(summary.total)"
        },
        .text("Status") { PodSummary($0).reason },
        .text("Restarts") { PodSummary($0).restartsText },
        .age,
        .path("IP", isWide: true, "status", "podIP"),
        .path("Node", isWide: true, "spec", "nodeName"),
        .path("Nominated Node", isWide: true, "status", "nominatedNodeName"),
        .text("Readiness Gates", isWide: true) { _ in "<none>" },
    ])
}
