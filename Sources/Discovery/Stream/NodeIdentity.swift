/// Who speaks at the proxy's end of a stream (`envoy.config.core.v3.Node`).
public struct NodeIdentity: Hashable, Sendable {
    /// `<role>~<podIP>~<pod>.<namespace>~<namespace>.svc.cluster.local`; the role is `sidecar` or `router`.
    public var id: String
    /// The version of the proxy program (`user_agent_version`).
    public var version: String

    public init(id: String, version: String) {
        self.id = id
        self.version = version
    }

    public init(role: String = "sidecar", address: String, pod: String, namespace: String, version: String) {
        self.init(id: "\(role)~\(address)~\(pod).\(namespace)~\(namespace).svc.cluster.local", version: version)
    }

    /// Whether it is a gateway (`router~…`).
    public var isRouter: Bool { id.hasPrefix("router~") }

    /// The pod and its namespace that ``id`` names; nil when it is malformed.
    public var workload: (pod: String, namespace: String, address: String)? {
        let parts = id.split(separator: "~", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "sidecar" || parts[0] == "router",
            let dot = parts[2].lastIndex(of: "."), dot > parts[2].startIndex
        else { return nil }
        let namespace = parts[2][parts[2].index(after: dot)...]
        guard !namespace.isEmpty else { return nil }
        return (String(parts[2][..<dot]), String(namespace), String(parts[1]))
    }
}
