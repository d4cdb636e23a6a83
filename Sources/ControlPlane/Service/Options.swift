internal import Base

/// How `apusd` is started; flags and environment as of `pilot-discovery discovery`, those that matter here.
struct Options: Sendable, Equatable {
    /// Where the control plane runs (`POD_NAMESPACE`).
    var namespace = "istio-system"
    /// The name of its own pod, for `proxy-status` (`POD_NAME`).
    var podName = "istiod"
    /// Empty or `default` for the unnamed revision (`REVISION`).
    var revision = "default"
    /// The cluster's DNS domain (`--domain`).
    var domain = "cluster.local"
    /// The audience of tokens (`TOKEN_AUDIENCES`).
    var audience = "istio-ca"
    /// nil for the pod's service account, or what kubectl would use (`--kubeconfig`).
    var kubeconfig: String?
    /// Discovery and CA in plain text; nil, the default, for none (`--grpcAddr`).
    var plaintextPort: UInt16?
    /// Discovery and CA with TLS (`--secureGRPCAddr`).
    var securePort: UInt16 = 15012
    /// Webhooks (`--httpsAddr`).
    var webhookPort: UInt16 = 15017
    /// Metrics and debug (`--monitoringAddr`).
    var monitoringPort: UInt16 = 15014
    /// Readiness (`--httpAddr`).
    var readinessPort: UInt16 = 8080
    var logLevel = Log.Level.info
    /// Gateways count only for pods of their own namespace (`PILOT_SCOPE_GATEWAY_TO_NAMESPACE`).
    var scopesGatewaysToNamespace = false
    /// `DEFAULT_WORKLOAD_CERT_TTL`.
    var defaultLifetime: Duration = .seconds(24 * 3600)
    /// `MAX_WORKLOAD_CERT_TTL`.
    var longestLifetime: Duration = .seconds(2160 * 3600)

    /// The Service by which proxies and the API server reach the control plane.
    var serviceName: String { revision.isEmpty || revision == "default" ? "istiod" : "istiod-\(revision)" }

    /// The names of its certificate.
    var serverNames: [String] {
        let names = Set([serviceName, "istiod", "istiod-remote", "istio-pilot"]).sorted()
        return names.map { "\($0).\(namespace).svc" }
    }

    /// Reads what comes after the program's name.
    ///
    /// - Throws: ``MeshError`` that names the flag or variable.
    init(arguments: [String], environment: (String) -> String?) throws(MeshError) {
        namespace = environment("POD_NAMESPACE") ?? namespace
        podName = environment("POD_NAME") ?? podName
        revision = environment("REVISION") ?? revision
        audience = environment("TOKEN_AUDIENCES") ?? audience
        scopesGatewaysToNamespace = environment("PILOT_SCOPE_GATEWAY_TO_NAMESPACE")?.lowercased() == "true"
        if let text = environment("DEFAULT_WORKLOAD_CERT_TTL") {
            defaultLifetime = try Self.duration(text, "DEFAULT_WORKLOAD_CERT_TTL")
        }
        if let text = environment("MAX_WORKLOAD_CERT_TTL") {
            longestLifetime = try Self.duration(text, "MAX_WORKLOAD_CERT_TTL")
        }
        var words = arguments[...]
        if words.first == "discovery" { words = words.dropFirst() }
        while let word = words.popFirst() { try take(word, &words) }
    }

    private mutating func take(_ word: String, _ rest: inout ArraySlice<String>) throws(MeshError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = parts[0]
        guard name.hasPrefix("--") else {
            throw MeshError(
                .invalidConfiguration,
                "unknown argument \"\(word)\"; apusd takes flags such as --domain=cluster.local"
            )
        }
        guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
            throw MeshError(.invalidConfiguration, "flag needs an argument: \(name)")
        }
        switch name {
        case "--domain": domain = value
        case "--kubeconfig": kubeconfig = value
        case "--grpcAddr": plaintextPort = value.isEmpty ? nil : try Self.port(value, name)
        case "--secureGRPCAddr": securePort = try Self.port(value, name)
        case "--httpsAddr": webhookPort = try Self.port(value, name)
        case "--monitoringAddr": monitoringPort = try Self.port(value, name)
        case "--httpAddr": readinessPort = try Self.port(value, name)
        case "--log_output_level": logLevel = try Self.level(value)
        default: throw MeshError(.invalidConfiguration, "unknown flag: \(name)")
        }
    }

    /// Reads `:15012` or `0.0.0.0:15012`; every address is listened on.
    private static func port(_ text: String, _ flag: String) throws(MeshError) -> UInt16 {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw MeshError(.invalidConfiguration, "\(flag) is \"\(text)\"; give an address such as :15012")
        }
        return port
    }

    /// Reads `default:info`, `info` or `ads:debug,default:warn`; the default scope's level counts.
    private static func level(_ text: String) throws(MeshError) -> Log.Level {
        let levels: [String: Log.Level] = [
            "debug": .debug, "info": .info, "warn": .warn, "warning": .warn, "error": .error, "fatal": .error,
            "none": .none,
        ]
        var result = Log.Level.info
        for entry in text.split(separator: ",") {
            let parts = entry.split(separator: ":").map(String.init)
            guard let level = parts.last.flatMap({ levels[$0] }) else {
                throw MeshError(
                    .invalidConfiguration,
                    "--log_output_level: \"\(entry)\" is no level; use debug, info, warn, error or none"
                )
            }
            if parts.count == 1 || parts[0] == "default" || parts[0] == "all" { result = level }
        }
        return result
    }

    private static func duration(_ text: String, _ variable: String) throws(MeshError) -> Duration {
        guard let duration = Duration(goText: text), duration > .zero else {
            throw MeshError(.invalidConfiguration, "\(variable) is \"\(text)\"; give a duration such as 24h or 90m")
        }
        return duration
    }
}
