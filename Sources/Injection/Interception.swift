internal import JSON

/// What of the pod's traffic goes through the proxy: annotations first, then the installation's values.
struct Interception {
    let mode: String
    let includeOutboundRanges: String
    let excludeOutboundRanges: String
    let includeInboundPorts: String
    let excludeInboundPorts: String
    let includeOutboundPorts: String
    let excludeOutboundPorts: String
    let excludeInterfaces: String
    let rerouteInterfaces: String
    let statusPort: Int64

    init(annotations: [String: String], settings: InjectionSettings, proxyConfig: JSON) {
        func setting(_ annotation: String, _ value: String) -> String {
            annotations["traffic.sidecar.istio.io/\(annotation)"] ?? settings.text("global.proxy.\(value)")
        }
        mode = annotations["sidecar.istio.io/interceptionMode"] ?? proxyConfig["interceptionMode"]?.string ?? "REDIRECT"
        includeOutboundRanges = setting("includeOutboundIPRanges", "includeIPRanges")
        excludeOutboundRanges = setting("excludeOutboundIPRanges", "excludeIPRanges")
        includeInboundPorts = setting("includeInboundPorts", "includeInboundPorts")
        excludeInboundPorts = setting("excludeInboundPorts", "excludeInboundPorts")
        includeOutboundPorts = setting("includeOutboundPorts", "includeOutboundPorts")
        excludeOutboundPorts = setting("excludeOutboundPorts", "excludeOutboundPorts")
        excludeInterfaces = annotations["traffic.sidecar.istio.io/excludeInterfaces"] ?? ""
        rerouteInterfaces =
            annotations["istio.io/reroute-virtual-interfaces"]
            ?? annotations["traffic.sidecar.istio.io/kubevirtInterfaces"] ?? ""
        statusPort =
            annotations["status.sidecar.istio.io/port"].flatMap { Int64($0) }
            ?? proxyConfig["statusPort"]?.int ?? settings.value("global.proxy.statusPort")?.int ?? 15020
    }

    /// The arguments of the container that sets the pod's redirection up (Istio's `istio-iptables`).
    func arguments(logLevel: String) -> [String] {
        var arguments = [
            "istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337", "-m", mode, "-i", includeOutboundRanges,
            "-x", excludeOutboundRanges, "-b", includeInboundPorts, "-d", excludedInboundPorts,
        ]
        let optional = [
            ("-q", includeOutboundPorts), ("-o", excludeOutboundPorts), ("-k", rerouteInterfaces),
            ("-c", excludeInterfaces),
        ]
        for (flag, value) in optional where !value.isEmpty { arguments += [flag, value] }
        return arguments + ["--log_output_level=\(logLevel)"]
    }

    /// The proxy's own ports are never redirected to itself.
    private var excludedInboundPorts: String {
        var ports = ["15090", "15021"] + AnnotationRules.items(excludeInboundPorts)
        let status = String(statusPort)
        if statusPort != 0, !ports.contains(status) { ports.append(status) }
        return ports.joined(separator: ",")
    }
}
