internal import Base
internal import JSON
internal import Kubernetes

/// Decides how a Deployment's ReplicaSets change next; does no I/O.
struct DeploymentPlan: Sendable, Hashable {
    static let revisionKey = "deployment.kubernetes.io/revision"
    static let desiredKey = "deployment.kubernetes.io/desired-replicas"
    static let maximumKey = "deployment.kubernetes.io/max-replicas"
    static let hashLabel = "pod-template-hash"

    struct Scaling: Sendable, Hashable {
        let name: String
        let from: Int64
        let to: Int64
    }

    /// A ReplicaSet to make first; nothing else is done in the same turn.
    var creation: JSON?
    var scalings: [Scaling] = []
    /// Old ReplicaSets beyond `revisionHistoryLimit`.
    var removals: [String] = []
    /// The revision that the newest ReplicaSet and the Deployment are to carry.
    var revision: Int64 = 0
    /// The newest ReplicaSet's name.
    var current: String?
    var status: JSON = [:]

    private let deployment: JSON
    private let now: Timestamp

    init(_ deployment: JSON, replicaSets: [JSON], now: Timestamp) {
        self.deployment = deployment
        self.now = now
        let newest = replicaSets.first { Self.template(of: $0) == Self.template(of: deployment) }
        let old = replicaSets.filter { $0.metadata.uid != newest?.metadata.uid }
        let highest = old.map(Self.revision).max() ?? 0
        revision = newest.map { max(Self.revision($0), highest + 1) } ?? highest + 1
        current = newest?.metadata.name
        status = makeStatus(newest, old)
        let isPaused = deployment["spec", "paused"]?.bool ?? false
        if deployment.metadata.isBeingDeleted { return }
        guard let newest else {
            if !isPaused { creation = makeReplicaSet(old) }
            return
        }
        if isPaused {
            if !isRollingOut(old) { scale(newest, to: desired) }
        } else if deployment["spec", "strategy", "type"]?.string == "Recreate" {
            recreate(newest, old)
        } else {
            roll(newest, old)
        }
        removals = historyBeyondLimit(old)
    }

    // Reading.

    private var desired: Int64 { deployment.number("spec", "replicas", default: 1) }

    private static func replicas(_ set: JSON) -> Int64 { set.number("spec", "replicas", default: 1) }
    private static func available(_ set: JSON) -> Int64 { set.number("status", "availableReplicas", default: 0) }
    static func revision(_ set: JSON) -> Int64 { set.metadata.annotations[revisionKey].flatMap { Int64($0) } ?? 0 }

    /// The template without what only ReplicaSets add.
    private static func template(of owner: JSON) -> JSON {
        var template = owner["spec", "template"] ?? .null
        template["metadata", "labels", hashLabel] = nil
        template["metadata", "creationTimestamp"] = nil
        if template["metadata", "labels"] == [:] { template["metadata", "labels"] = nil }
        return template
    }

    /// `maxSurge` or `maxUnavailable`: a number, or a share of the replicas in percent.
    private func limit(_ name: String, roundsUp: Bool) -> Int64 {
        let value = deployment["spec", "strategy", "rollingUpdate"]?[name] ?? "25%"
        if let number = value.int { return max(0, number) }
        guard let text = value.string, text.hasSuffix("%"), let percent = Int64(text.dropLast()) else { return 1 }
        return (desired * percent + (roundsUp ? 99 : 0)) / 100
    }

    private var maxSurge: Int64 { limit("maxSurge", roundsUp: true) }
    private var maxUnavailable: Int64 {
        let value = limit("maxUnavailable", roundsUp: false)
        return value == 0 && maxSurge == 0 ? 1 : value
    }

    private func isRollingOut(_ old: [JSON]) -> Bool { old.contains { Self.replicas($0) > 0 } }

    // Changing.

    private func makeReplicaSet(_ old: [JSON]) -> JSON {
        let template = Self.template(of: deployment)
        let hash = PodTemplate.hash(of: template, collisions: deployment.number("status", "collisionCount", default: 0))
        let name = "\(deployment.metadata.name)-\(hash)"
        var labelled = deployment["spec", "template"] ?? .null
        labelled["metadata", "labels", Self.hashLabel] = .string(hash)
        var selector = deployment["spec", "selector"] ?? .null
        selector["matchLabels", Self.hashLabel] = .string(hash)
        var annotations = deployment.metadata.annotations
        annotations["kubectl.kubernetes.io/last-applied-configuration"] = nil
        annotations[Self.revisionKey] = "\(revision)"
        annotations[Self.desiredKey] = "\(desired)"
        annotations[Self.maximumKey] = "\(desired + maxSurge)"
        let total = old.map(Self.replicas).reduce(0, +)
        let isRecreate = deployment["spec", "strategy", "type"]?.string == "Recreate"
        let first = isRecreate ? (total == 0 ? desired : 0) : max(0, min(desired, desired + maxSurge - total))
        return [
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": [
                "name": .string(name), "namespace": .string(deployment.metadata.namespace),
                "labels": labelled["metadata", "labels"] ?? [:], "annotations": .strings(annotations),
                "ownerReferences": [PodTemplate.ownerReference(to: deployment)],
            ],
            "spec": [
                "replicas": .int(first), "selector": selector, "template": labelled,
                "minReadySeconds": deployment["spec", "minReadySeconds"] ?? 0,
            ],
        ]
    }

    private mutating func scale(_ set: JSON, to count: Int64) {
        let from = Self.replicas(set)
        if from != count { scalings.append(.init(name: set.metadata.name, from: from, to: count)) }
    }

    private mutating func recreate(_ newest: JSON, _ old: [JSON]) {
        for set in old { scale(set, to: 0) }
        let isGone = old.allSatisfy { Self.replicas($0) == 0 && $0.number("status", "replicas", default: 0) == 0 }
        if isGone { scale(newest, to: desired) }
    }

    private mutating func roll(_ newest: JSON, _ old: [JSON]) {
        let total = (old + [newest]).map(Self.replicas).reduce(0, +)
        let current = Self.replicas(newest)
        if current > desired { return scale(newest, to: desired) }
        if current < desired {
            let room = desired + maxSurge - total
            if room > 0 { return scale(newest, to: current + min(room, desired - current)) }
        }
        // Old pods may go as far as enough others are available.
        let newUnavailable = current - Self.available(newest)
        var expendable = total - (desired - maxUnavailable) - newUnavailable
        guard expendable > 0 else { return }
        let oldestFirst = old.sorted { Self.revision($0) < Self.revision($1) }
        var remaining: [String: Int64] = [:]
        for set in oldestFirst {  // Those of no use first.
            let count = Self.replicas(set)
            let removed = min(expendable, max(0, count - Self.available(set)))
            remaining[set.metadata.name] = count - removed
            expendable -= removed
        }
        var surplus = (old + [newest]).map(Self.available).reduce(0, +) - (desired - maxUnavailable)
        for set in oldestFirst {
            let count = remaining[set.metadata.name] ?? 0
            let removed = max(0, min(surplus, count))
            surplus -= removed
            scale(set, to: count - removed)
        }
    }

    private func historyBeyondLimit(_ old: [JSON]) -> [String] {
        let limit = Int(clamping: deployment.number("spec", "revisionHistoryLimit", default: 10))
        let idle = old.filter {
            Self.replicas($0) == 0 && $0.number("status", "replicas", default: 0) == 0 && !$0.metadata.isBeingDeleted
        }
        return idle.sorted { Self.revision($0) < Self.revision($1) }.dropLast(limit).map(\.metadata.name)
    }

    // Status.

    private func makeStatus(_ newest: JSON?, _ old: [JSON]) -> JSON {
        let all = old + (newest.map { [$0] } ?? [])
        let sum = { (key: String) in all.map { $0.number("status", key, default: 0) }.reduce(0, +) }
        let available = sum("availableReplicas")
        let updated = newest?.number("status", "replicas", default: 0) ?? 0
        var status: JSON = ["observedGeneration": .int(deployment.metadata.generation)]
        if let collisions = deployment["status", "collisionCount"] { status["collisionCount"] = collisions }
        let counts = [
            ("replicas", sum("replicas")), ("updatedReplicas", updated), ("readyReplicas", sum("readyReplicas")),
            ("availableReplicas", available), ("unavailableReplicas", max(0, desired - available)),
        ]
        for (key, count) in counts where count > 0 { status[key] = .int(count) }
        let isComplete =
            newest != nil && updated == desired && sum("replicas") == desired && available == desired
            && newest?.number("status", "observedGeneration", default: 0) == newest?.metadata.generation
        status["conditions"] = [
            availability(available), progress(newest, isComplete: isComplete, status),
        ]
        return status
    }

    private func availability(_ available: Int64) -> JSON {
        available >= desired - maxUnavailable
            ? condition(
                "Available",
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability."
            )
            : condition(
                "Available",
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability."
            )
    }

    private func progress(_ newest: JSON?, isComplete: Bool, _ status: JSON) -> JSON {
        let name = deployment.metadata.name
        let set = newest?.metadata.name ?? ""
        if isComplete {
            return condition(
                "Progressing",
                "True",
                "NewReplicaSetAvailable",
                "ReplicaSet \"\(set)\" has successfully progressed."
            )
        }
        guard newest != nil else {
            return condition("Progressing", "True", "NewReplicaSetCreated", "Created new replica set for \"\(name)\"")
        }
        let old = PodTemplate.condition("Progressing", of: deployment)
        let counts = ["replicas", "updatedReplicas", "availableReplicas", "readyReplicas"]
        let hasMoved = counts.contains { deployment["status", $0] != status[$0] }
        if !hasMoved, let old, old["reason"]?.string != "NewReplicaSetAvailable" {
            let since = old["lastUpdateTime"]?.string.flatMap { Timestamp($0) } ?? now
            if now - since < deadline { return old }
            return condition(
                "Progressing",
                "False",
                "ProgressDeadlineExceeded",
                "ReplicaSet \"\(set)\" has timed out progressing."
            )
        }
        return condition(
            "Progressing",
            "True",
            "ReplicaSetUpdated",
            "ReplicaSet \"\(set)\" is progressing.",
            isNews: hasMoved
        )
    }

    var deadline: Duration { .seconds(deployment.number("spec", "progressDeadlineSeconds", default: 600)) }

    /// Whether the rollout still has to show progress, so that its deadline matters.
    var isProgressing: Bool {
        let condition = status["conditions"]?.array?.first { $0["type"]?.string == "Progressing" }
        return condition?["status"]?.string == "True" && condition?["reason"]?.string != "NewReplicaSetAvailable"
    }

    /// - Parameter isNews: Whether the time of the last update moves although nothing else of the condition did.
    private func condition(
        _ type: String,
        _ value: String,
        _ reason: String,
        _ message: String,
        isNews: Bool = false
    ) -> JSON {
        let old = PodTemplate.condition(type, of: deployment)
        let time = JSON.string("\(now)")
        let isSame =
            old?["status"]?.string == value && old?["reason"]?.string == reason && old?["message"]?.string == message
        return [
            "type": .string(type), "status": .string(value), "reason": .string(reason), "message": .string(message),
            "lastUpdateTime": isSame && !isNews ? old?["lastUpdateTime"] ?? time : time,
            "lastTransitionTime": old?["status"]?.string == value ? old?["lastTransitionTime"] ?? time : time,
        ]
    }
}
