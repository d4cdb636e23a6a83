internal import Base

/// How clients talk to a host, a subset of it, or a port (DestinationRule `trafficPolicy`).
public struct TrafficPolicy: Hashable, Sendable {
    public struct PortSettings: Hashable, Sendable {
        /// The Service's port number.
        public var port: Int
        public var settings: Settings
    }

    /// The settings that a port level may have, and that it replaces all at once.
    public struct Settings: Hashable, Sendable {
        public var tls: ClientTLSSettings?
        public var connectionPool: ConnectionPool?
        public var loadBalancer: LoadBalancer?
        public var outlierDetection: OutlierDetection?

        public init() {}

        init(_ reader: inout FieldReader) {
            tls = reader.object("tls", ClientTLSSettings.init)
            connectionPool = reader.object("connectionPool", ConnectionPool.init)
            loadBalancer = reader.object("loadBalancer", LoadBalancer.init)
            outlierDetection = reader.object("outlierDetection", OutlierDetection.init)
        }

        /// These, and where one is missing the other's.
        public func over(_ other: Settings) -> Settings {
            var result = other
            result.tls = tls ?? other.tls
            result.connectionPool = connectionPool ?? other.connectionPool
            result.loadBalancer = loadBalancer ?? other.loadBalancer
            result.outlierDetection = outlierDetection ?? other.outlierDetection
            return result
        }

        var isEmpty: Bool { self == Settings() }
    }

    public var settings = Settings()
    public var portLevelSettings: [PortSettings] = []
    /// How endpoints of all ports are told who the client is; nil when they are not.
    public var proxyProtocol: ProxyProtocolVersion?
    private var hasTunnel = false
    private var hasRetryBudget = false

    public init() {}

    public init(tls: ClientTLSSettings?) { settings.tls = tls }

    init(_ reader: inout FieldReader) {
        settings = Settings(&reader)
        portLevelSettings = reader.list("portLevelSettings") { entry in
            let port = entry.object("port") { $0.int("number", in: 0...Int(UInt32.max)) ?? 0 }
            return PortSettings(port: port ?? 0, settings: Settings(&entry))
        }
        hasTunnel = reader.has("tunnel")
        proxyProtocol = reader.object("proxyProtocol") { $0.choice("version", ProxyProtocolVersion.self) ?? .version1 }
        hasRetryBudget = reader.has("retryBudget")
    }

    /// The entry for a Service's port.
    public func settings(forPort port: Int) -> Settings? { portLevelSettings.first { $0.port == port }?.settings }

    func validate(namespace: String) -> Validation {
        var result = Validation()
        let others = [hasTunnel, proxyProtocol != nil, hasRetryBudget]
        result.error(
            if: settings.isEmpty && portLevelSettings.isEmpty && !others.contains(true),
            "traffic policy must have at least one field"
        )
        result.error(if: hasTunnel && proxyProtocol != nil, "tunnel and proxyProtocol must not be set together")
        result = result + validate(settings, namespace: namespace)
        for entry in portLevelSettings {
            result.error(
                if: !(1...65535).contains(entry.port),
                "port number \(entry.port) must be in the range 1..65535"
            )
            result = result + validate(entry.settings, namespace: namespace)
        }
        return result
    }

    private func validate(_ settings: Settings, namespace: String) -> Validation {
        (settings.tls?.validate(namespace: namespace) ?? Validation())
            + (settings.connectionPool?.validate() ?? Validation())
            + (settings.loadBalancer?.validate() ?? Validation())
    }
}

/// Limits on connections and requests (DestinationRule `connectionPool`); nil means the default.
public struct ConnectionPool: Hashable, Sendable {
    public var maxConnections: Int?
    public var connectTimeout: Duration?
    public var tcpIdleTimeout: Duration?
    public var maxPendingRequests: Int?
    public var maxRequests: Int?
    public var maxRequestsPerConnection: Int?
    public var maxRetries: Int?
    public var httpIdleTimeout: Duration?
    public var maxConcurrentStreams: Int?
    public var maxConnectionDuration: Duration?
    public var tcpKeepalive: TCPKeepalive?

    /// When a silent connection is probed; nil fields leave it to the system.
    public struct TCPKeepalive: Hashable, Sendable {
        public var probes: Int?
        public var time: Duration?
        public var interval: Duration?

        init(_ reader: inout FieldReader) {
            probes = reader.int("probes", in: 0...127)
            time = reader.duration("time")
            interval = reader.duration("interval")
        }
    }

    /// `http.h2UpgradePolicy`; nil means ``H2UpgradePolicy/inherited``.
    public var h2UpgradePolicy: H2UpgradePolicy?
    /// `http.useClientProtocol`: requests go on in the version in which the client made them.
    public var usesClientProtocol = false

    /// Whether requests to ports declared `http` go on in HTTP/2.
    public enum H2UpgradePolicy: String, CaseIterable, Sendable {
        /// As the mesh says.
        case inherited = "DEFAULT"
        case never = "DO_NOT_UPGRADE"
        case always = "UPGRADE"
    }

    init(_ reader: inout FieldReader) {
        var pool = Self()
        _ = reader.object("tcp") { tcp in
            pool.maxConnections = tcp.int("maxConnections", in: 0...Int(Int32.max))
            pool.connectTimeout = tcp.duration("connectTimeout")
            pool.tcpIdleTimeout = tcp.duration("idleTimeout")
            pool.tcpKeepalive = tcp.object("tcpKeepalive", TCPKeepalive.init)
            pool.maxConnectionDuration = tcp.duration("maxConnectionDuration")
        }
        _ = reader.object("http") { http in
            pool.maxPendingRequests = http.int("http1MaxPendingRequests", in: 0...Int(Int32.max))
            pool.maxRequests = http.int("http2MaxRequests", in: 0...Int(Int32.max))
            pool.maxRequestsPerConnection = http.int("maxRequestsPerConnection", in: 0...Int(Int32.max))
            pool.maxRetries = http.int("maxRetries", in: 0...Int(Int32.max))
            pool.httpIdleTimeout = http.duration("idleTimeout")
            pool.h2UpgradePolicy = http.choice("h2UpgradePolicy", H2UpgradePolicy.self)
            pool.usesClientProtocol = http.bool("useClientProtocol") ?? false
            pool.maxConcurrentStreams = http.int("maxConcurrentStreams", in: 0...Int(Int32.max))
        }
        self = pool
    }

    public init() {}

    func validate() -> Validation {
        var result = Validation()
        if let connectTimeout {
            result.error(
                if: connectTimeout < .milliseconds(1) || !connectTimeout.isWholeMilliseconds,
                "connectTimeout must be at least 1ms, in whole milliseconds"
            )
        }
        return result
    }
}

/// When an endpoint is left out for a while (DestinationRule `outlierDetection`); nil means the default.
public struct OutlierDetection: Hashable, Sendable {
    public var consecutive5xxErrors: Int?
    public var consecutiveGatewayErrors: Int?
    public var interval: Duration?
    public var baseEjectionTime: Duration?
    public var maxEjectionPercent: Int?
    public var minHealthPercent: Int?

    init(_ reader: inout FieldReader) {
        consecutive5xxErrors = reader.int("consecutive5xxErrors")
        consecutiveGatewayErrors = reader.int("consecutiveGatewayErrors")
        interval = reader.duration("interval")
        baseEjectionTime = reader.duration("baseEjectionTime")
        maxEjectionPercent = reader.int("maxEjectionPercent", in: 0...100)
        minHealthPercent = reader.int("minHealthPercent", in: 0...100)
        reader.ignore("consecutiveErrors", "splitExternalLocalOriginErrors", "consecutiveLocalOriginFailures")
    }
}
