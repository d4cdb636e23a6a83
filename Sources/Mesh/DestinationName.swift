/// The name of an upstream as one client may use it; Istio's cluster name.
public struct DestinationName: Hashable, Sendable, CustomStringConvertible {
    public var host: String
    /// The Service's port.
    public var port: Int
    /// Empty for the whole host.
    public var subset: String

    public init(host: String, port: Int, subset: String = "") {
        self.host = host
        self.port = port
        self.subset = subset
    }

    /// Reads `outbound|8000|v1|httpbin.full.svc.cluster.local`.
    public init?(_ text: String) {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "outbound", let port = Int(parts[1]), (1...65535).contains(port),
            !parts[3].isEmpty
        else { return nil }
        self.init(host: String(parts[3]), port: port, subset: String(parts[2]))
    }

    /// Reads ``serverName``, under which TLS of the mesh is passed on.
    public init?(serverName: String) {
        let prefix = "outbound_."
        guard serverName.hasPrefix(prefix) else { return nil }
        var rest = serverName.dropFirst(prefix.count)
        var parts: [Substring] = []
        for _ in 0..<2 {
            guard let index = rest.indices.first(where: { rest[$0...].hasPrefix("_.") }) else { return nil }
            parts.append(rest[..<index])
            rest = rest[index...].dropFirst(2)
        }
        guard let port = Int(parts[0]), (1...65535).contains(port), String(port) == parts[0], !rest.isEmpty else {
            return nil
        }
        self.init(host: String(rest), port: port, subset: String(parts[1]))
    }

    public var description: String { "outbound|\(port)|\(subset)|\(host)" }

    /// The server name of mutual TLS between workloads: `outbound_.8000_._.httpbin.full.svc.cluster.local`.
    public var serverName: String { "outbound_.\(port)_.\(subset)_.\(host)" }
}
