public import TLS

/// What a server accepts on a port (PeerAuthentication's `mtls.mode`).
public enum MutualTLSMode: Int, Sendable, Hashable {
    case disable, permissive, strict
}

/// How the bytes of a declared port are to be read (behaviour: protocol selection).
public enum ApplicationProtocol: Int, Sendable, Hashable {
    /// Not declared: found out from the first bytes.
    case auto
    /// HTTP/1.1.
    case http
    /// HTTP/2, with prior knowledge.
    case http2
    /// Any bytes.
    case tcp
}

/// What one workload accepts from whom; computed by the control plane, enforced by the workload's proxy.
public struct InboundPolicy: Hashable, Sendable {
    /// Where the application is reached.
    public enum Target: Hashable, Sendable {
        /// Where the client connected to.
        case same
        /// The address that the client connected to, and this port.
        case port(UInt16)
        case loopback(UInt16, isIPv6: Bool)
        /// The path of a Unix socket; a leading `@` means the abstract namespace.
        case socket(String)
    }

    /// A place where the sidecar itself listens, and nothing is redirected to it.
    public struct Listener: Hashable, Sendable {
        /// An IP address.
        public var address: String
        public var port: UInt16
        /// Whether what comes is for the application, rather than from it.
        public var isInbound: Bool

        public init(address: String, port: UInt16, isInbound: Bool) {
            self.address = address
            self.port = port
            self.isInbound = isInbound
        }
    }

    /// One port that the application listens on.
    public struct Port: Hashable, Sendable {
        public var number: UInt16
        public var application: ApplicationProtocol
        public var mode: MutualTLSMode
        /// Which object decided ``mode``, for logs and people: `PeerAuthentication foo/default`, or `mesh default`.
        public var reason: String
        /// The service's host and port that telemetry reports; empty for a port that no Service declares.
        public var service: String
        public var servicePort: UInt16
        public var target = Target.same
        /// Whether calls of gRPC-Web become gRPC calls.
        public var translatesGRPCWeb = false

        public init(
            number: UInt16,
            application: ApplicationProtocol,
            mode: MutualTLSMode,
            reason: String,
            service: String = "",
            servicePort: UInt16 = 0
        ) {
            self.number = number
            self.application = application
            self.mode = mode
            self.reason = reason
            self.service = service
            self.servicePort = servicePort
        }
    }

    public var ports: [Port] = []
    /// What holds for ports that ``ports`` does not list; protocol ``ApplicationProtocol/auto``.
    public var otherMode: MutualTLSMode = .permissive
    public var otherReason = "mesh default"
    public var minimumVersion: TLSVersion = .tls12
    /// TLS 1.2 suites by OpenSSL's names, in order (`meshMTLS.cipherSuites`); never empty.
    public var cipherSuites: [String] = []
    /// Where connections to the pod's address go: the pod's address itself, or 127.0.0.1 (`inboundTrafficPolicy: LOCALHOST`).
    public var sendsToLocalhost = false
    /// Where the sidecar listens besides (Sidecar listeners with `captureMode: NONE`).
    public var listeners: [Listener] = []

    public init() {}
}
