public import MeshAPI

/// The one that connects: what decisions depend on of a client.
public struct Client: Hashable, Sendable {
    public var namespace: String
    public var labels: [String: String]
    /// Sidecar resources are not for gateways.
    public var isGateway = false

    public init(namespace: String, labels: [String: String] = [:]) {
        self.namespace = namespace
        self.labels = labels
    }

    public init(_ workload: Workload) {
        self.init(namespace: workload.namespace, labels: workload.labels)
        isGateway = workload.isGateway
    }
}

/// How a client speaks TLS to a destination.
public struct TLSDecision: Hashable, Sendable {
    public enum Credential: Hashable, Sendable {
        /// None (`SIMPLE`).
        case none
        /// The workload's own certificate, and the mesh's roots (`ISTIO_MUTUAL`, automatic mutual TLS).
        case workload
        /// PEM files in the proxy's file system (`MUTUAL`).
        case files(certificate: String, key: String)
        /// A Secret, as ``CredentialReference`` reads it (`credentialName`).
        case secret(String)
    }

    public var credential: Credential
    /// A PEM file of roots; empty means the system's.
    public var rootsFile = ""
    /// A Secret or ConfigMap with roots instead of a file; empty for none.
    public var rootsSecret = ""
    /// A PEM file of certificate revocation lists; empty for none.
    public var revocationsFile = ""
    /// Empty sends the request's host (HTTP) or none (TCP).
    public var serverName = ""
    /// Exact names of which the server must have one; empty checks only the chain, and the host with ``verifiesHost``.
    public var subjectAltNames: [String] = []
    public var verifiesHost = false
    public var skipsVerification = false

    init(credential: Credential) { self.credential = credential }
}

/// One upstream as one client sees it, and why.
public struct DestinationDecision: Hashable, Sendable {
    public enum LoadBalancing: Hashable, Sendable { case leastRequest, roundRobin, random }

    public struct Endpoint: Hashable, Sendable {
        public var address: String
        public var port: Int
        /// Whether connections to it are made with ``DestinationDecision/tls``.
        public var isEncrypted: Bool
        /// Why it is, or is not: `auto mTLS`, `DestinationRule foo/bar`, `no sidecar`.
        public var reason: String
        public var weight: Int
        /// The pod; nil for other endpoints.
        public var workload: Workload?
    }

    public var name: DestinationName
    public var application: Application
    public var endpoints: [Endpoint] = []
    /// Connections go to the address that the client chose, and ``endpoints`` tells only how to speak to each.
    public var usesOriginalDestination = false
    /// Connections go where the host leads that the request or the TLS names, and the one endpoint stands for all of them.
    public var resolvesRequestedHost = false
    /// What holds with ``usesOriginalDestination`` for addresses that ``endpoints`` does not list.
    public var encryptsUnlisted = false
    /// How encrypted endpoints are spoken to; nil when TLS is not used at all.
    public var tls: TLSDecision?
    /// Why no connection may be made although there are endpoints: TLS was asked for and cannot be had; nil when it may.
    public var refusal: String?
    /// The rule that decides for this client; nil when none does.
    public var rule: ObjectReference?
    /// Why the destination as a whole is, or may be, encrypted or not.
    public var reason = ""
    public var loadBalancing = LoadBalancing.leastRequest
    /// What requests must have in common to get the same endpoint; nil when it does not matter.
    public var consistentHash: LoadBalancer.ConsistentHash?
    /// How endpoints that are new get their share; nil for at once.
    public var warmup: LoadBalancer.Warmup?
    /// As the rule says it; nil when it does not.
    public var connectionPool: ConnectionPool?
    public var connectTimeout = Duration.seconds(10)
    /// Connections at most, 0 for no limit.
    public var maxConnections = 0
    /// Requests waiting for a connection at most, 0 for the default.
    public var maxPendingRequests = 0
    /// Requests on one connection at most, 0 for no limit.
    public var maxRequestsPerConnection = 0
    /// How endpoints are told who the client is, before TLS begins; nil when they are not.
    public var proxyProtocol: ProxyProtocolVersion?
    /// As the rule says it; nil when endpoints are never left out.
    public var outlierDetection: OutlierDetection?

    init(name: DestinationName, application: Application) {
        self.name = name
        self.application = application
    }
}
