internal import Base
internal import JSON

/// What the injector tells a proxy about itself: environment variables with Istio's names, and flags of `proxy <role>`.
struct AgentSettings: Sendable {
    var role: AgentRole
    var pod: String
    var namespace: String
    /// The pod's addresses, the first of INSTANCE_IP's list first.
    var address: IPAddress
    var serviceAccount: String
    var trustDomain: String
    /// Where the control plane is: CA_ADDR, and PROXY_CONFIG's `discoveryAddress` where it differs.
    var authorityAddress: HostPort
    var discoveryAddress: HostPort
    var clusterID: String
    /// The names of the application's containers, for whom probes may be asked.
    var probes: [String: JSON]
    var workers: Int
    /// How long an ending proxy lets connections finish (`terminationDrainDuration`).
    var drainDuration: Duration
    var tokenFile: String
    var rootFile: String
    /// Seconds of validity to ask for (SECRET_TTL).
    var certificateSeconds: Int64
    /// 15090 and 15020 show these as the workload's (`ISTIO_META_WORKLOAD_NAME`).
    var workload: String
    /// Where the application's own metrics are, if anywhere.
    var applicationMetrics: (path: String, port: UInt16)?

    /// - Throws: ``MeshError`` that names the variable or flag.
    init(
        role: AgentRole = .sidecar,
        arguments: [String],
        environment: [String: String]
    ) throws(MeshError) {
        self.role = role
        func value(_ name: String) throws(MeshError) -> String {
            guard let value = environment[name], !value.isEmpty else {
                throw MeshError(.invalidConfiguration, "environment variable \(name) is missing: the injector sets it")
            }
            return value
        }
        pod = try value("POD_NAME")
        namespace = try value("POD_NAMESPACE")
        let first = try value("INSTANCE_IP").split(separator: ",").first.map(String.init) ?? ""
        guard let address = IPAddress(first) else {
            throw MeshError(.invalidConfiguration, "environment variable INSTANCE_IP: \(first) is not an address")
        }
        self.address = address
        serviceAccount = environment["SERVICE_ACCOUNT"] ?? "default"
        trustDomain = environment["TRUST_DOMAIN"] ?? "cluster.local"
        clusterID = environment["ISTIO_META_CLUSTER_ID"] ?? "Kubernetes"
        workload = environment["ISTIO_META_WORKLOAD_NAME"] ?? pod
        tokenFile = environment["JWT_PATH"] ?? "/var/run/secrets/tokens/istio-token"
        rootFile = environment["CA_ROOT_CA"] ?? "/var/run/secrets/istio/root-cert.pem"
        let config = try Self.json("PROXY_CONFIG", environment) ?? [:]
        let standard = "istiod.istio-system.svc:15012"
        authorityAddress = try Self.address("CA_ADDR", environment["CA_ADDR"] ?? standard)
        discoveryAddress = try Self.address(
            "PROXY_CONFIG discoveryAddress",
            config["discoveryAddress"]?.string ?? environment["CA_ADDR"] ?? standard
        )
        drainDuration = Self.duration(config["terminationDrainDuration"]?.string) ?? .seconds(5)
        certificateSeconds = Self.duration(environment["SECRET_TTL"])?.components.seconds ?? 86_400
        probes = try Self.json("ISTIO_KUBE_APP_PROBERS", environment)?.object ?? [:]
        workers = DataPlane.defaultWorkers
        applicationMetrics = Self.scrape(try Self.json("ISTIO_PROMETHEUS_ANNOTATIONS", environment))
        if let concurrency = config["concurrency"]?.int, concurrency > 0 { workers = Int(concurrency) }
        try read(arguments)
    }

    private mutating func read(_ arguments: [String]) throws(MeshError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
                throw MeshError(.invalidConfiguration, "flag \(argument) needs a value")
            }
            switch parts[0] {
            case "--concurrency":
                guard let count = Int(value), count >= 0 else {
                    throw MeshError(.invalidConfiguration, "flag --concurrency: \(value) is not a number of threads")
                }
                if count > 0 { workers = count }
            case "--log_output_level": Self.setLogLevel(value)
            case "--domain", "--proxyLogLevel", "--proxyComponentLogLevel", "--serviceCluster", "--stsPort":
                break  // Of Istio's agent and Envoy; the domain comes with the configuration.
            default: throw MeshError(.invalidConfiguration, "unknown flag \(parts[0]) of proxy \(role.rawValue)")
            }
        }
    }

    /// The level of `default` in a list such as `default:info,ads:debug`.
    static func setLogLevel(_ text: String) {
        for part in text.split(separator: ",") {
            let pair = part.split(separator: ":")
            guard pair.count == 1 || pair.first == "default" || pair.first == "all", let word = pair.last else {
                continue
            }
            switch word {
            case "debug": Log.level = .debug
            case "info": Log.level = .info
            case "warn", "warning": Log.level = .warn
            case "error": Log.level = .error
            case "none", "off": Log.level = .none
            default: break
            }
        }
    }

    private static func json(_ name: String, _ environment: [String: String]) throws(MeshError) -> JSON? {
        guard let text = environment[name], !text.isEmpty else { return nil }
        do {
            return try JSON(parsing: text)
        } catch {
            throw MeshError(.invalidConfiguration, "environment variable \(name) is not JSON", cause: error)
        }
    }

    private static func address(_ name: String, _ text: String) throws(MeshError) -> HostPort {
        guard let address = HostPort(text) else {
            throw MeshError(.invalidConfiguration, "\(name): \(text) is not host:port")
        }
        return address
    }

    /// Reads Go's notation of a duration; nil for anything else, and below zero.
    static func duration(_ text: String?) -> Duration? {
        text.flatMap { Duration(goText: $0) }.flatMap { $0 >= .zero ? $0 : nil }
    }

    private static func scrape(_ annotations: JSON?) -> (path: String, port: UInt16)? {
        guard let annotations, annotations["scrape"]?.string == "true" || annotations["scrape"]?.bool == true,
            let port = annotations["port"]?.string.flatMap({ UInt16($0) }), port != 15020
        else { return nil }
        return (annotations["path"]?.string ?? "/metrics", port)
    }
}
