public import TLS

/// All that one gateway proxy listens on (the Gateways that select it, merged).
public struct GatewayConfiguration: Hashable, Sendable {
    /// What becomes of `x-forwarded-client-cert`.
    public enum ClientCertificateForwarding: Int, Hashable, Sendable {
        /// Replaced by what this gateway knows itself, or removed.
        case replaced
        /// Removed, and nothing is told.
        case removed
        /// Kept on connections with a client certificate, otherwise removed; nothing is added.
        case kept
        /// As ``kept``, and this gateway's word added.
        case appended
        /// Kept on all connections.
        case alwaysKept
    }

    public var listeners: [GatewayListener] = []
    /// How many proxies before this one write `x-forwarded-for` and `x-forwarded-proto` truthfully.
    public var trustedProxies = 0
    public var clientCertificateForwarding = ClientCertificateForwarding.replaced
    /// Whether every connection begins with what a proxy before this one says of its client (PROXY protocol); one without
    /// is refused.
    public var expectsProxyProtocol = false

    public init() {}
}

/// One address and port, and what its connections may be.
public struct GatewayListener: Hashable, Sendable {
    /// What a connection that fits is treated as (Envoy's filter chain).
    public struct Chain: Hashable, Sendable {
        public enum Transport: Hashable, Sendable {
            case plaintext
            /// TLS ends here.
            case terminate(ServerTLS)
            /// TLS goes on as it is.
            case passthrough
        }

        public enum Content: Hashable, Sendable {
            /// Requests, routed by this ``RouteTable``.
            case http(routes: String)
            /// Any bytes, shared out among these; never empty.
            case bytes([WeightedDestination])
        }

        /// Server names of which a ClientHello must have one, exact or `*.suffix`, in lower case; empty accepts any, and none.
        ///
        /// The exact name wins over the longest suffix, and any name comes last; chains of equal rank in their order.
        public var serverNames: [String] = []
        /// Of these ALPN tokens the client must offer one; empty for no such condition (`AUTO_PASSTHROUGH`).
        public var applicationProtocols: [String] = []
        public var transport: Transport
        public var content: Content
        /// Whether calls of gRPC-Web become gRPC calls.
        public var translatesGRPCWeb = false
        /// Which server of which Gateway this is, such as `Gateway foo/web server https`, for logs and people.
        public var origin = ""

        public init(_ transport: Transport, _ content: Content) {
            self.transport = transport
            self.content = content
        }
    }

    /// The IP address to listen on, `0.0.0.0` and `::` for all, or the path of a Unix socket.
    public var address: String
    /// 0 with a Unix socket.
    public var port: UInt16
    public var chains: [Chain]

    public init(address: String = "0.0.0.0", port: UInt16, chains: [Chain] = []) {
        self.address = address
        self.port = port
        self.chains = chains
    }
}

/// How a gateway ends TLS (Gateway `servers[].tls`).
public struct ServerTLS: Hashable, Sendable {
    public enum Certificates: Hashable, Sendable {
        /// The workload's own (`ISTIO_MUTUAL`).
        case workload
        /// ``Credential``s by name: one, or one with an RSA and one with an ECDSA key.
        case credentials([String])
        /// PEM files of the proxy's file system, read again when they change.
        case files([FilePair])
    }

    public struct FilePair: Hashable, Sendable {
        public var certificate: String
        public var key: String

        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    public enum ClientCertificate: Int, Hashable, Sendable {
        /// Not asked for (`SIMPLE`).
        case none
        /// Verified if there is one (`OPTIONAL_MUTUAL`).
        case optional
        /// `MUTUAL`, `ISTIO_MUTUAL`.
        case required
    }

    public enum Roots: Hashable, Sendable {
        /// The mesh's (`ISTIO_MUTUAL`).
        case workload
        /// The roots and the CRL of a ``Credential``.
        case credential(String)
        /// A PEM file, and another with CRLs or empty.
        case file(String, revocations: String)
    }

    public var certificates: Certificates
    public var clientCertificate = ClientCertificate.none
    /// Whom client certificates must be from; nil only when none is asked for.
    public var roots: Roots?
    /// Exact names of which a client certificate must carry one; empty for any.
    public var subjectAlternativeNames: [String] = []
    /// SHA-256 of client certificates' public keys that are accepted, Base64; empty for any.
    public var publicKeyHashes: [String] = []
    /// SHA-256 of client certificates that are accepted, hexadecimal, with or without colons; empty for any.
    public var certificateHashes: [String] = []
    public var minimumVersion = TLSVersion.tls12
    public var maximumVersion = TLSVersion.tls13
    /// Suites of TLS 1.2 and before by OpenSSL's names, in order; empty for Envoy's list with its groups of equal rank.
    public var cipherSuites: [String] = []
    /// By TLS's names, such as `X25519`; empty for X25519 and P-256.
    public var curves: [String] = []
    /// Whether client certificates of any origin are accepted, though one must come (`insecureSkipVerify`).
    public var skipsVerification = false
    public var applicationProtocols: [String] = []

    public init(_ certificates: Certificates) { self.certificates = certificates }
}

/// A Secret as a proxy gets it; private, and sent only to a proxy that may have it.
public struct Credential: Hashable, Sendable {
    /// The server's or client's own certificate and its intermediates, PEM; empty where only roots are asked for.
    public var certificatesPEM = ""
    public var keyPEM = ""
    /// Whom to believe (`ca.crt`, `cacert`), PEM.
    public var rootsPEM = ""
    /// Certificate revocation lists, PEM.
    public var revocationsPEM = ""
    /// A DER OCSP response to staple.
    public var ocspStaple: [UInt8] = []
    /// Why there is nothing to use, such as `secret foo/bar not found`; empty when there is.
    public var problem = ""

    public init() {}
}

/// The virtual hosts of an HTTP listener of a gateway.
public struct RouteTable: Hashable, Sendable {
    public struct VirtualHost: Hashable, Sendable {
        /// Exact names, `*.suffix`, `prefix.*` or `*`, in lower case, without port.
        public var domains: [String]
        /// The first that matches decides; none answers 404.
        public var routes: [HTTPRoute]
        /// Every request gets 301 to `https` (`httpsRedirect`).
        public var redirectsToHTTPS = false

        public init(domains: [String], routes: [HTTPRoute] = []) {
            self.domains = domains
            self.routes = routes
        }
    }

    public var name: String
    /// The server's port in the Gateway, which requests are matched and redirected with.
    public var port: UInt16
    /// Exact domains win over the longest suffix, over the longest prefix, over `*`.
    public var virtualHosts: [VirtualHost] = []
    /// The hosts of the server or servers, exact or `*.suffix`, or `*`.
    ///
    /// A request on HTTP/2 over TLS for another host that the certificate covers gets 421 (RFC 9110 §15.5.20).
    public var serverHosts: [String] = []

    public init(name: String, port: UInt16) {
        self.name = name
        self.port = port
    }
}
