import Base
import JSON
import Kubernetes

/// The columns of what makes pods.
extension TableColumns {
    private static let templates: [Cell] = [
        .text("Containers", isWide: true) { object in
            Printing.list(
                Printing.containers(object["spec", "template", "spec"]).compactMap { $0["name"]?.string }
            )
        },
        .text("Images", isWide: true) { object in
            Printing.list(
                Printing.containers(object["spec", "template", "spec"]).compactMap { $0["image"]?.string }
            )
        }, .text("Selector", isWide: true) { Printing.selector($0["spec", "selector"]) },
    ]

    static let deployment = TableColumns(
        [
            .name,
            .text("Ready") { object in
                "\(object["status", "readyReplicas"]?.int ?? 0)/\(object["spec", "replicas"]?.int ?? 0)"
            }, .number("Up-to-date", "status", "updatedReplicas"),
            .number("Available", "status", "availableReplicas"), .age,
        ] + templates
    )

    static let replicaSet = TableColumns(
        [
            .name, .number("Desired", "spec", "replicas"), .number("Current", "status", "replicas"),
            .number("Ready", "status", "readyReplicas"), .age,
        ] + templates
    )

    static let job = TableColumns(
        [
            .name, .text("Status", jobStatus),
            .text("Completions") { job in
                let succeeded = job["status", "succeeded"]?.int ?? 0
                if let completions = job["spec", "completions"]?.int { return "\(succeeded)/\(completions)" }
                let parallelism = job["spec", "parallelism"]?.int ?? 1
                return parallelism > 1 ? "\(succeeded)/1 of \(parallelism)" : "\(succeeded)/1"
            }, .text("Duration", jobDuration), .age,
        ] + templates
    )

    private static func jobStatus(_ job: JSON) -> String {
        func has(_ type: String) -> Bool {
            (job["status", "conditions"]?.array ?? [])
                .contains { $0["type"]?.string == type && $0["status"]?.string == "True" }
        }
        if has("Complete") { return "Complete" }
        if has("Failed") { return "Failed" }
        if job.metadata.isBeingDeleted { return "Terminating" }
        if has("Suspended") { return "Suspended" }
        if has("FailureTarget") { return "FailureTarget" }
        if has("SuccessCriteriaMet") { return "SuccessCriteriaMet" }
        return "Running"
    }

    private static func jobDuration(_ job: JSON) -> String {
        guard let start = job["status", "startTime"]?.string.flatMap({ Timestamp($0) }) else { return "" }
        let end = job["status", "completionTime"]?.string.flatMap { Timestamp($0) }
        return Age.text(since: start, now: end ?? .now)
    }

    static let event = TableColumns([
        .text("Last Seen", eventLastSeen), .path("Type", "type"), .path("Reason", "reason"),
        .text("Object") { event in
            "\((event["involvedObject", "kind"]?.string ?? "").lowercased())/\(event["involvedObject", "name"]?.string ?? "")"
        }, .text("Subobject", isWide: true) { $0["involvedObject", "fieldPath"]?.string ?? "" },
        .text("Source", isWide: true) { event in
            let component = event["source", "component"]?.string ?? event["reportingComponent"]?.string ?? ""
            return [component, event["source", "host"]?.string ?? ""].filter { !$0.isEmpty }.joined(separator: ", ")
        },
        .text("Message") { event in
            String((event["message"]?.string ?? "").drop { $0.isWhitespace })
        }, .text("First Seen", isWide: true) { age($0, "firstTimestamp") ?? age($0, "eventTime") ?? "<unknown>" },
        .text("Count", isWide: true) { "\($0["series", "count"]?.int ?? $0["count"]?.int ?? 1)" },
        Cell(column: .init(name: "Name", priority: 1)) { .string($0.metadata.name) },
    ])

    private static func eventLastSeen(_ event: JSON) -> String {
        let first = age(event, "firstTimestamp") ?? age(event, "eventTime") ?? "<unknown>"
        let count = event["series", "count"]?.int ?? event["count"]?.int ?? 1
        let lastSeries = event["series", "lastObservedTime"]?.string.flatMap { Timestamp($0) }.map {
            Age.text(since: $0)
        }
        guard let last = lastSeries ?? age(event, "lastTimestamp") else { return first }
        return count > 1 ? "\(last) (x\(count) over \(first))" : last
    }

    private static func age(_ object: JSON, _ field: String) -> String? {
        object[field]?.string.flatMap { Timestamp($0) }.map { Age.text(since: $0) }
    }
}
