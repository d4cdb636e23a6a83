/// One upstream as one client sees it: a service port, or a subset of it, with its endpoints.
public struct Destination: Hashable, Sendable {
    /// Istio's cluster name: `outbound|8000||httpbin.full.svc.cluster.local`.
    public var name: String
    /// The host and service port, for logs and metrics.
    public var host: String
    public var port: UInt16
    public var application: ApplicationProtocol
    public var endpoints: [Endpoint] = []
    /// Whether connections go to the original destination instead of a chosen endpoint (headless services); then
    /// ``endpoints`` only tells how each address is to be spoken to, and ``tlsForUnlisted`` what holds for the rest.
    public var usesOriginalDestination = false
    public var tlsForUnlisted: EndpointTLS = .plaintext
    /// Whether connections go to the host that the request or the TLS names, which must be within ``host`` and is looked up
    /// by the proxy; then the one endpoint has ``host`` for its address, and stands for all.
    public var resolvesRequestedHost = false
    /// How endpoints marked ``EndpointTLS/configured`` are spoken to; nil when none is.
    public var tls: ClientTLS?
    /// Why no connection may be made, although the mesh knows the destination: the TLS that was asked for cannot be had.
    ///
    /// Empty when connections may be made. Otherwise there are no endpoints, and this is the reason to give.
    public var refusal = ""
    public var loadBalancing: LoadBalancing = .leastRequest
    public var connectTimeout: Duration = .seconds(10)
    /// Connections to one endpoint at most, 0 for no limit (`connectionPool.tcp.maxConnections`).
    public var maxConnections = 0
    /// Requests waiting for a connection at most, 0 for Envoy's default of 1024 (`http1MaxPendingRequests`).
    public var maxPendingRequests = 0
    /// Requests on one connection at most, 0 for no limit (`maxRequestsPerConnection`).
    public var maxRequestsPerConnection = 0
    /// Requests at once at most, 0 for no limit (`http2MaxRequests`).
    public var maxRequests = 0
    /// Requests at once that are being tried again, 0 for no limit (`maxRetries`).
    public var maxRetries = 0
    /// Streams of one HTTP/2 connection at once at most, 0 for no limit but the endpoint's (`maxConcurrentStreams`).
    public var maxStreams = 0
    /// How long a connection without requests is kept, zero for the proxy's default (`http.idleTimeout`).
    public var idleTimeout = Duration.zero
    /// How long a connection that is not HTTP may be silent, zero for the proxy's default (`tcp.idleTimeout`).
    public var tcpIdleTimeout = Duration.zero
    /// How long a connection may last, zero for ever (`maxConnectionDuration`).
    public var maxConnectionDuration = Duration.zero
    /// When silent connections are probed; nil for never.
    public var keepalive: TCPKeepalive?
    /// What requests must have in common to get the same endpoint; nil when it does not matter.
    public var affinity: Affinity?
    /// How endpoints that are new get their share; nil for at once.
    public var warmup: Warmup?
    /// How endpoints are told who the client is, before anything else is said on a connection.
    public var proxyProtocol = ProxyProtocol.none
    /// When endpoints are left out for a while; nil for never.
    public var outlierDetection: OutlierDetection?

    public init(name: String, host: String, port: UInt16, application: ApplicationProtocol) {
        self.name = name
        self.host = host
        self.port = port
        self.application = application
    }

    public enum LoadBalancing: Int, Sendable, Hashable {
        case leastRequest, roundRobin, random
    }

    /// Whether and how connections begin with the PROXY protocol (DestinationRule `proxyProtocol`).
    public enum ProxyProtocol: Int, Sendable, Hashable {
        case none, version1, version2
    }

    /// Probes of a silent connection; zero leaves it to the system.
    public struct TCPKeepalive: Hashable, Sendable {
        public var probes = 0
        public var time = Duration.zero
        public var interval = Duration.zero

        public init() {}
    }

    /// How an endpoint's share grows from the moment when the proxy first knows it (DestinationRule `warmup`).
    public struct Warmup: Hashable, Sendable {
        /// Until it has its whole share.
        public var duration: Duration
        /// What it gets at once, in thousandths.
        public var minimumShare = 100
        /// Thousandths: 1000 for a share that grows evenly, more for one that grows faster at first.
        public var aggression = 1000

        public init(duration: Duration) { self.duration = duration }
    }

    /// Consistent hashing.
    public struct Affinity: Hashable, Sendable {
        public enum Key: Hashable, Sendable {
            /// In lower case.
            case header(String)
            /// The lifetime of a cookie that the proxy gives to those without, zero for the browser's session; nil gives none.
            case cookie(String, path: String, lifetime: Duration?)
            case sourceAddress
            case parameter(String)
        }

        public var key: Key
        /// Entries of the ring at least; not used with a table.
        public var ringSize = 1024
        /// Entries of the table (Maglev), a prime; 0 for a ring.
        public var tableSize = 0

        public init(_ key: Key) { self.key = key }
    }

    /// Whether connections to an endpoint are encrypted.
    public enum EndpointTLS: Int, Sendable, Hashable {
        case plaintext
        /// With the destination's ``Destination/tls``.
        case configured
    }

    public struct Endpoint: Hashable, Sendable {
        /// An IPv4 or IPv6 address, or a host's name for the proxy to resolve.
        public var address: String
        public var port: UInt16
        public var tls: EndpointTLS
        /// Why ``tls`` is what it is, for logs and people: `auto mTLS`, `DestinationRule foo/bar`, `no sidecar`.
        public var reason: String
        /// Relative share, at least 1.
        public var weight = 1

        public init(address: String, port: UInt16, tls: EndpointTLS, reason: String) {
            self.address = address
            self.port = port
            self.tls = tls
            self.reason = reason
        }
    }
}

/// When an endpoint that fails is left out for a while (DestinationRule `outlierDetection`).
public struct OutlierDetection: Hashable, Sendable {
    /// Responses from 500 on, and requests without any, in a row; 0 for no such limit.
    public var consecutive5xxErrors = 5
    /// 502, 503 and 504, and requests without any response, in a row; 0 for no such limit.
    public var consecutiveGatewayErrors = 0
    /// After so long without trouble an endpoint is left out for less time when it fails again.
    public var interval: Duration = .seconds(10)
    /// How long it is left out the first time; twice as long the second.
    public var baseEjectionTime: Duration = .seconds(30)
    /// Of the destination's endpoints, this share is left out at most; 0...100.
    public var maxEjectionPercent = 10

    public init() {}
}

/// What a client sends and expects when it speaks TLS to a destination (DestinationRule `trafficPolicy.tls`).
public struct ClientTLS: Hashable, Sendable {
    public enum Credential: Hashable, Sendable {
        /// None (`SIMPLE`).
        case none
        /// The workload's own certificate, and the mesh's roots (`ISTIO_MUTUAL`, auto mTLS).
        case workload
        /// Files of the proxy's own file system, PEM (`MUTUAL`).
        case files(certificate: String, key: String)
        /// The certificate and key of a ``Credential`` (`credentialName`).
        case secret(String)
    }

    public var credential: Credential
    /// A PEM file of roots; empty means the system's (not used with ``Credential/workload``).
    public var rootsFile = ""
    /// A ``Credential`` whose roots and CRL are used instead of a file; empty for none.
    public var rootsSecret = ""
    /// A PEM file of certificate revocation lists (`caCrl`); empty for none.
    public var revocationsFile = ""
    /// The server name to send; empty sends the request's host (HTTP) or none (TCP).
    public var serverName = ""
    /// Exact names of which the server's certificate must carry one; empty checks only its chain (and the host, see ``verifiesHost``).
    public var subjectAlternativeNames: [String] = []
    /// Whether, with no ``subjectAlternativeNames``, the request's host must be a name of the certificate.
    public var verifiesHost = false
    /// No check of the server at all (`insecureSkipVerify`).
    public var skipsVerification = false

    public init(credential: Credential) { self.credential = credential }
}
