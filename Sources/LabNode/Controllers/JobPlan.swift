internal import Base
internal import JSON
internal import Kubernetes

/// Decides what a Job needs next; does no I/O.
struct JobPlan: Sendable, Hashable {
    var creations = 0
    var deletions: [String] = []
    var status: JSON
    var nextLook: Duration?
    /// The Job is older than its `ttlSecondsAfterFinished` allows.
    var isExpired = false
    /// The condition that this look adds: `Complete`, `Failed`, `Suspended` or none.
    var newCondition: String?

    private static let firstBackoff: Int64 = 10
    private static let longestBackoff: Int64 = 360

    init(_ job: JSON, pods: [JSON], now: Timestamp) {
        status = job["status"] ?? [:]
        if let finish = Self.finishedAt(job) {
            Self.count(pods, in: &status, isOver: true)
            guard let limit = job["spec", "ttlSecondsAfterFinished"]?.int else { return }
            let end = finish + .seconds(limit)
            if end <= now { isExpired = true } else { nextLook = end - now }
            return
        }
        let isSuspended = job["spec", "suspend"]?.bool ?? false
        if status["startTime"] == nil, !isSuspended { status["startTime"] = .string("\(now)") }
        Self.count(pods, in: &status, isOver: false)
        let active = pods.filter(PodTemplate.isActive)
        if let failure = Self.failure(job, pods, status, now) {
            deletions = active.map(\.metadata.name)
            finish("Failed", reason: failure.reason, message: failure.message, now)
            return
        }
        if Self.isComplete(job, pods) {
            deletions = active.map(\.metadata.name)
            status["completionTime"] = .string("\(now)")
            finish("Complete", reason: "CompletionsReached", message: "Reached expected number of succeeded pods", now)
            return
        }
        if isSuspended {
            deletions = active.map(\.metadata.name)
            suspend(now)
            return
        }
        fill(job, pods, active, now)
        if let limit = job["spec", "activeDeadlineSeconds"]?.int {
            let left = Duration.seconds(limit + 1) - (now - Self.startedAt(status, now))
            nextLook = min(nextLook ?? left, max(.zero, left))
        }
    }

    private static func startedAt(_ status: JSON, _ now: Timestamp) -> Timestamp {
        status["startTime"]?.string.flatMap { Timestamp($0) } ?? now
    }

    /// When the Job came to its end; nil while it has not.
    private static func finishedAt(_ job: JSON) -> Timestamp? {
        let end = ["Complete", "Failed"].lazy.compactMap { PodTemplate.condition($0, of: job) }.first {
            $0["status"]?.string == "True"
        }
        return end.map { $0["lastTransitionTime"]?.string.flatMap { Timestamp($0) } ?? Timestamp(seconds: 0) }
    }

    private static func phase(_ pod: JSON) -> String { pod["status", "phase"]?.string ?? "Pending" }

    private static func count(_ pods: [JSON], in status: inout JSON, isOver: Bool) {
        let active = pods.filter(PodTemplate.isActive)
        let counts = [
            ("active", active.count), ("ready", active.filter(PodTemplate.isReady).count),
            ("succeeded", pods.filter { phase($0) == "Succeeded" }.count),
            ("failed", pods.filter { phase($0) == "Failed" || isLost($0) }.count),
        ]
        for (key, count) in counts {
            // A pod that somebody cleared away stays counted.
            let known = isOver && (key == "succeeded" || key == "failed") ? Int(status[key]?.int ?? 0) : 0
            let value = max(known, count)
            status[key] = value == 0 && key != "ready" ? nil : .int(Int64(value))
        }
        if isOver { status["active"] = nil }
    }

    /// Somebody deleted the pod before its end: it counts as failed.
    private static func isLost(_ pod: JSON) -> Bool {
        pod.metadata.isBeingDeleted && phase(pod) != "Succeeded" && phase(pod) != "Failed"
    }

    private static func isComplete(_ job: JSON, _ pods: [JSON]) -> Bool {
        let succeeded = Int64(pods.filter { phase($0) == "Succeeded" }.count)
        if let completions = job["spec", "completions"]?.int { return succeeded >= completions }
        // Without a number, one success is enough once all others have ended.
        return succeeded > 0 && !pods.contains(where: PodTemplate.isActive)
    }

    private static func failure(
        _ job: JSON,
        _ pods: [JSON],
        _ status: JSON,
        _ now: Timestamp
    ) -> (reason: String, message: String)? {
        if let limit = job["spec", "activeDeadlineSeconds"]?.int, now - startedAt(status, now) >= .seconds(limit) {
            return ("DeadlineExceeded", "Job was active longer than specified deadline")
        }
        let restarts = pods.flatMap { $0["status", "containerStatuses"]?.array ?? [] }
            .map { $0["restartCount"]?.int ?? 0 }.reduce(0, +)
        let isInPlace = job["spec", "template", "spec", "restartPolicy"]?.string == "OnFailure"
        let failures = (status["failed"]?.int ?? 0) + (isInPlace ? restarts : 0)
        let limit = job.number("spec", "backoffLimit", default: 6)
        guard failures > limit || isInPlace && limit > 0 && restarts >= limit else { return nil }
        return ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
    }

    private mutating func finish(_ type: String, reason: String, message: String, _ now: Timestamp) {
        status["active"] = nil
        status["ready"] = 0
        newCondition = type
        var conditions = (status["conditions"]?.array ?? []).filter { $0["type"]?.string != type }
        conditions.append([
            "type": .string(type), "status": "True", "reason": .string(reason), "message": .string(message),
            "lastProbeTime": .string("\(now)"), "lastTransitionTime": .string("\(now)"),
        ])
        status["conditions"] = .array(conditions)
    }

    private mutating func suspend(_ now: Timestamp) {
        if status["conditions"]?.array?.contains(where: { $0["type"]?.string == "Suspended" }) == true { return }
        status["startTime"] = nil
        finish("Suspended", reason: "JobSuspended", message: "Job suspended", now)
    }

    /// Brings the number of pods up to `parallelism`, but not at once after a failure.
    private mutating func fill(_ job: JSON, _ pods: [JSON], _ active: [JSON], _ now: Timestamp) {
        let parallelism = job.number("spec", "parallelism", default: 1)
        let succeeded = status["succeeded"]?.int ?? 0
        let wanted: Int64
        if let completions = job["spec", "completions"]?.int {
            wanted = min(parallelism, completions - succeeded)
        } else {
            wanted = succeeded > 0 ? Int64(active.count) : parallelism
        }
        if Int64(active.count) > wanted {
            deletions = active.suffix(active.count - Int(clamping: wanted)).map(\.metadata.name)
            return
        }
        let missing = Int(clamping: wanted) - active.count
        guard missing > 0 else { return }
        let failed = pods.filter { Self.phase($0) == "Failed" }
        guard let last = failed.compactMap(Self.endedAt).max() else {
            creations = missing
            return
        }
        let doublings = Int64(1) << Int64(min(10, failed.count - 1))
        let due = last + .seconds(min(Self.longestBackoff, Self.firstBackoff * doublings))
        if due <= now { creations = missing } else { nextLook = due - now }
    }

    private static func endedAt(_ pod: JSON) -> Timestamp? {
        let statuses = pod["status", "containerStatuses"]?.array ?? []
        let times = statuses.compactMap { $0["state", "terminated", "finishedAt"]?.string.flatMap { Timestamp($0) } }
        return times.max() ?? pod.metadata.creationTimestamp
    }
}
