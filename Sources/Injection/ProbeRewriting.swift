internal import JSON

/// Moves the application's probes to the proxy's status port.
///
/// The kubelet has no certificate, so a probe of an application port would fail under STRICT; the proxy answers in
/// its place and asks the application itself. The originals travel in `ISTIO_KUBE_APP_PROBERS`.
struct ProbeRewriting {
    /// What each path under `/app-health/` stands for.
    private(set) var originals: [String: JSON] = [:]

    private static let paths = [
        (probe: "livenessProbe", path: "livez"), (probe: "readinessProbe", path: "readyz"),
        (probe: "startupProbe", path: "startupz"),
    ]

    /// `container` with its HTTP, TCP and gRPC probes pointing to `statusPort`.
    mutating func rewrite(_ container: JSON, statusPort: Int64) -> JSON {
        var container = container
        for (key, last) in Self.paths {
            guard let probe = container[key] else { continue }
            let path = "/app-health/\(container.name)/\(last)"
            guard let original = Self.original(of: probe, in: container) else { continue }
            originals[path] = original
            container[key] = Self.redirected(probe, path: path, statusPort: statusPort)
        }
        return container
    }

    /// The container as it was before ``rewrite(_:statusPort:)``, given what that recorded.
    static func restore(_ container: JSON, from originals: JSON) -> JSON {
        var container = container
        for (key, last) in paths {
            guard var probe = container[key], let path = probe["httpGet", "path"]?.string,
                path == "/app-health/\(container.name)/\(last)", let original = originals[path]
            else { continue }
            probe["httpGet"] = nil
            for action in ["httpGet", "tcpSocket", "grpc"] { if let value = original[action] { probe[action] = value } }
            container[key] = probe
        }
        return container
    }

    private static func original(of probe: JSON, in container: JSON) -> JSON? {
        for action in ["httpGet", "tcpSocket", "grpc"] {
            guard var value = probe[action] else { continue }
            if let name = value["port"]?.string {
                // A named port means nothing to the proxy. Without such a port the probe stays, and fails as it would have.
                guard let number = Int64(name) ?? port(named: name, in: container) else { return nil }
                value["port"] = .int(number)
            }
            return [action: value, "timeoutSeconds": probe["timeoutSeconds"] ?? 1]
        }
        return nil
    }

    private static func port(named name: String, in container: JSON) -> Int64? {
        container.elements("ports").first { $0.name == name }?["containerPort"]?.int
    }

    private static func redirected(_ probe: JSON, path: String, statusPort: Int64) -> JSON {
        var probe = probe
        var get: JSON = ["path": .string(path), "port": .int(statusPort)]
        get["httpHeaders"] = probe["httpGet", "httpHeaders"]
        probe["tcpSocket"] = nil
        probe["grpc"] = nil
        probe["httpGet"] = get
        return probe
    }
}
