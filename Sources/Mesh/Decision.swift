public import Kubernetes

/// The object that decided something.
public struct ObjectReference: Hashable, Sendable, CustomStringConvertible {
    public var kind: String
    public var key: ObjectKey

    public init(_ kind: String, _ key: ObjectKey) {
        self.kind = kind
        self.key = key
    }

    /// `PeerAuthentication foo/default`, `MeshPolicy default`.
    public var description: String { "\(kind) \(key)" }
}

/// What a server accepts.
public enum MutualTLSMode: String, Hashable, Sendable {
    case disable = "DISABLE"
    case permissive = "PERMISSIVE"
    case strict = "STRICT"
}

/// What a server accepts on a port, and which object says so.
public struct ModeDecision: Hashable, Sendable {
    public var mode: MutualTLSMode
    /// nil when no object speaks for it, and the mesh's default holds.
    public var object: ObjectReference?
    /// A policy of Istio 1.4's kind that says otherwise and does not count beside a PeerAuthentication.
    public var overruled: ObjectReference?

    init(_ mode: MutualTLSMode, _ object: ObjectReference? = nil) {
        self.mode = mode
        self.object = object
    }

    /// `PeerAuthentication foo/default`, or `mesh default`.
    public var reason: String {
        let decider = object.map(\.description) ?? "mesh default"
        return overruled.map { "\(decider) (overrules \($0))" } ?? decider
    }
}
