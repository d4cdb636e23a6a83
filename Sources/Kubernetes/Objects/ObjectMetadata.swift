public import Base
public import JSON

/// Where an object is found among those of its type.
public struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Empty for a cluster-scoped object.
    public let namespace: String
    public let name: String

    public init(namespace: String = "", name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// `namespace/name`, or `name` for a cluster-scoped object.
    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    public static func < (left: Self, right: Self) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}

/// An object's `metadata`, read where it is; what is missing or of the wrong type reads as empty.
public struct ObjectMetadata: Hashable, Sendable {
    /// The value of `metadata`, or null.
    public let json: JSON

    public init(_ json: JSON) { self.json = json }

    public var name: String { json["name"]?.string ?? "" }
    /// Empty for a cluster-scoped object.
    public var namespace: String { json["namespace"]?.string ?? "" }
    public var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }
    public var uid: String { json["uid"]?.string ?? "" }
    public var resourceVersion: String { json["resourceVersion"]?.string ?? "" }
    /// Counts the changes of `spec`; 0 when the server keeps no count.
    public var generation: Int64 { json["generation"]?.int ?? 0 }
    public var labels: [String: String] { json["labels"]?.strings ?? [:] }
    public var annotations: [String: String] { json["annotations"]?.strings ?? [:] }
    public var finalizers: [String] { json["finalizers"]?.array?.compactMap(\.string) ?? [] }
    public var creationTimestamp: Timestamp? { json["creationTimestamp"]?.string.flatMap { Timestamp($0) } }
    /// When a graceful deletion ends; nil when nobody deleted the object.
    public var deletionTimestamp: Timestamp? { json["deletionTimestamp"]?.string.flatMap { Timestamp($0) } }
    public var isBeingDeleted: Bool { json["deletionTimestamp"]?.string != nil }
    public var ownerReferences: [OwnerReference] { json["ownerReferences"]?.array?.map(OwnerReference.init) ?? [] }
    /// The owner that made the object and acts on it, such as the ReplicaSet of a pod.
    public var controller: OwnerReference? { ownerReferences.first { $0.isController } }
}

/// An object that lives and dies with another (`meta/v1.OwnerReference`).
public struct OwnerReference: Hashable, Sendable {
    public var apiVersion: String
    public var kind: String
    public var name: String
    public var uid: String
    public var isController: Bool

    public init(apiVersion: String, kind: String, name: String, uid: String, isController: Bool = true) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.isController = isController
    }

    public init(_ json: JSON) {
        apiVersion = json["apiVersion"]?.string ?? ""
        kind = json["kind"]?.string ?? ""
        name = json["name"]?.string ?? ""
        uid = json["uid"]?.string ?? ""
        isController = json["controller"]?.bool ?? false
    }
}

extension JSON {
    /// The object's `metadata`, to be read by name.
    public var metadata: ObjectMetadata { ObjectMetadata(self["metadata"] ?? .null) }
    /// The object's `kind`; empty when it has none.
    public var kind: String { self["kind"]?.string ?? "" }
    /// The object's `apiVersion`; empty when it has none.
    public var apiVersion: String { self["apiVersion"]?.string ?? "" }
    /// `Kind namespace/name`, as messages name an object.
    public var objectDescription: String { "\(kind) \(metadata.key)" }
}
