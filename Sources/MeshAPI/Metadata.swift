public import Base
public import JSON
public import Kubernetes

/// The part of `metadata` that decisions depend on.
public struct Metadata: Hashable, Sendable {
    public var key: ObjectKey
    /// nil in files, which carry none; such objects count as older than all others.
    public var creation: Timestamp?
    public var labels: [String: String]
    public var annotations: [String: String]

    public var name: String { key.name }
    public var namespace: String { key.namespace }

    public init(
        namespace: String,
        name: String,
        creation: Timestamp? = nil,
        labels: [String: String] = [:],
        annotations: [String: String] = [:]
    ) {
        key = ObjectKey(namespace: namespace, name: name)
        self.creation = creation
        self.labels = labels
        self.annotations = annotations
    }

    /// Reads the metadata of a Kubernetes object; what is missing or of another type counts as empty.
    public init(of object: JSON) {
        let metadata = object["metadata"] ?? .null
        self.init(
            namespace: metadata["namespace"]?.string ?? "",
            name: metadata["name"]?.string ?? "",
            creation: metadata["creationTimestamp"]?.string.flatMap { Timestamp($0) },
            labels: metadata["labels"]?.strings ?? [:],
            annotations: metadata["annotations"]?.strings ?? [:]
        )
    }

    /// Whether this object comes first when several compete: the older one, then by name, then by namespace.
    public func precedes(_ other: Metadata) -> Bool {
        if creation != other.creation {
            return (creation?.nanoseconds ?? .min) < (other.creation?.nanoseconds ?? .min)
        }
        return name != other.name ? name < other.name : namespace < other.namespace
    }
}

/// Labels that a workload must have, all of them and with equal values.
public struct WorkloadSelector: Hashable, Sendable {
    public var matchLabels: [String: String]

    public init(_ matchLabels: [String: String]) { self.matchLabels = matchLabels }

    public func matches(_ labels: [String: String]) -> Bool { matchLabels.allSatisfy { labels[$0] == $1 } }
}
