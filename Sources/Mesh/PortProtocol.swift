/// What is spoken on a service's port, as its declaration says.
public enum PortProtocol: String, Hashable, Sendable {
    case http = "HTTP"
    case http2 = "HTTP2"
    case httpProxy = "HTTP_PROXY"
    case grpc = "GRPC"
    case grpcWeb = "GRPC-Web"
    case https = "HTTPS"
    case tls = "TLS"
    case tcp = "TCP"
    case mongo = "Mongo"
    case redis = "Redis"
    case mysql = "MySQL"
    /// Not proxied.
    case udp = "UDP"
    /// Not declared: found out from the first bytes.
    case auto = "UnsupportedProtocol"

    /// How a proxy reads the bytes.
    public var application: Application {
        switch self {
        case .http, .httpProxy: .http
        case .http2, .grpc, .grpcWeb: .http2
        case .auto: .auto
        case .https, .tls, .tcp, .mongo, .redis, .mysql, .udp: .tcp
        }
    }

    /// Whether connections carry TLS of the application's own.
    public var isTLS: Bool { self == .https || self == .tls }
    /// Whether requests can be read without ending TLS.
    public var isHTTP: Bool { application == .http || application == .http2 }

    private static let names: [String: PortProtocol] = [
        "tcp": .tcp, "udp": .udp, "grpc": .grpc, "grpc-web": .grpcWeb, "http": .http, "http_proxy": .httpProxy,
        "http2": .http2, "https": .https, "tls": .tls, "mongo": .mongo, "redis": .redis, "mysql": .mysql,
    ]

    /// Reads a protocol's name, whatever its case; ``auto`` when it is none.
    public init(named name: String) { self = Self.names[name.lowercased()] ?? .auto }

    /// Selects the protocol of a Service's port (Istio's `pkg/config/kube/conversion.go`).
    ///
    /// - Parameters:
    ///   - transport: `TCP`, `UDP` or `SCTP`.
    ///   - appProtocol: Decides when there is one.
    ///   - name: Its first word decides otherwise.
    public init(transport: String, appProtocol: String?, name: String, number: Int) {
        if transport.uppercased() == "UDP" {
            self = .udp
            return
        }
        let declared: PortProtocol =
            switch appProtocol {
            case "kubernetes.io/h2c": .http2
            case "kubernetes.io/ws": .http
            case "kubernetes.io/wss": .https
            case .some(let appProtocol): Self.fromPortName(appProtocol)
            case nil: Self.fromPortName(name)
            }
        // Protocols in which the server speaks first, on their usual ports: nothing to find out from a client's bytes.
        let isServerFirst = [25, 53, 3306, 27017].contains(number)
        self = declared == .auto && isServerFirst ? .tcp : declared
    }

    private static func fromPortName(_ name: String) -> PortProtocol {
        let name = name.lowercased()
        if name.hasPrefix("grpc-web") { return .grpcWeb }
        return Self(named: name.prefix { $0 != "-" }.description)
    }
}

/// How the bytes of a port are read.
public enum Application: Hashable, Sendable {
    case auto, http, http2, tcp

    /// Whether requests are routed by their Host header.
    public var routesHTTP: Bool { self != .tcp }
}
