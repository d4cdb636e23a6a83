/// What the proxies of some workloads listen on and may reach (networking.istio.io Sidecar).
public struct Sidecar: IstioResource {
    public var metadata: Metadata
    public var workloadSelector: WorkloadSelector?
    /// What the workload listens on, in place of what Services say; empty leaves it to them.
    public var ingress: [Ingress]
    /// What the workload may reach; empty for everything.
    public var egress: [Egress]
    public var outboundTrafficPolicy: OutboundTrafficPolicy?
    /// Where traffic to unknown destinations goes (`outboundTrafficPolicy.egressProxy`); nil for where it was going.
    public var egressProxy: VirtualService.Destination?

    public init(metadata: Metadata, spec: inout FieldReader) {
        self.metadata = metadata
        workloadSelector = spec.workloadSelector("workloadSelector", labels: "labels")
        ingress = spec.list("ingress", Ingress.init)
        egress = spec.list("egress", Egress.init)
        var proxy: VirtualService.Destination?
        outboundTrafficPolicy = spec.object("outboundTrafficPolicy") { policy in
            proxy = policy.object("egressProxy", VirtualService.Destination.init)
            policy.ignore("tls")
            return policy.choice("mode", OutboundTrafficPolicy.self) ?? .registryOnly
        }
        egressProxy = proxy
        spec.ignore("inboundConnectionPool")
    }

    /// How connections get to a listener.
    public enum CaptureMode: String, CaseIterable, Sendable {
        /// As the mesh says, which is by redirection.
        case standard = "DEFAULT"
        case redirection = "IPTABLES"
        /// Clients connect to the listener itself.
        case none = "NONE"
    }

    /// A port of the workload.
    public struct Ingress: Hashable, Sendable {
        public var port: Gateway.Port?
        /// An IP address; empty for the workload's.
        public var bind: String
        public var captureMode: CaptureMode
        /// Where connections go on to, as ``Endpoint`` reads it; empty for the port itself.
        public var defaultEndpoint: String
        public var tls: ServerTLSSettings?

        init(_ reader: inout FieldReader) {
            port = reader.object("port", Gateway.Port.init)
            bind = reader.string("bind") ?? ""
            captureMode = reader.choice("captureMode", CaptureMode.self) ?? .standard
            defaultEndpoint = reader.string("defaultEndpoint") ?? ""
            tls = reader.object("tls", ServerTLSSettings.init)
            reader.ignore("connectionPool")
        }

        /// Where connections go on to; nil for where they were going, and for what is refused by validation.
        public var endpoint: Endpoint? { Endpoint(defaultEndpoint) }
    }

    /// Where the application listens (`defaultEndpoint`).
    public enum Endpoint: Hashable, Sendable {
        /// The address that the client chose, and this port: `0.0.0.0:8080`, `[::]:8080`, `:8080`.
        case workload(port: Int)
        /// `127.0.0.1:8080`, `[::1]:8080`.
        case loopback(port: Int, isIPv6: Bool)
        /// The path of a Unix socket; a leading `@` means the abstract namespace.
        case socket(String)

        public init?(_ text: String) {
            let scheme = "unix://"
            if text.hasPrefix(scheme) {
                let path = String(text.dropFirst(scheme.count))
                guard path.utf8.count > 1, path.first == "/" || path.first == "@" else { return nil }
                self = .socket(path)
                return
            }
            guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
                (1...65535).contains(port)
            else { return nil }
            switch text[..<colon] {
            case "", "0.0.0.0", "[::]": self = .workload(port: port)
            case "127.0.0.1": self = .loopback(port: port, isIPv6: false)
            case "[::1]": self = .loopback(port: port, isIPv6: true)
            default: return nil
            }
        }
    }

    /// Services that the workload may reach, on one port or on all that no other listener is for.
    public struct Egress: Hashable, Sendable {
        /// nil for all ports.
        public var port: Gateway.Port?
        /// An IP address, or `unix://` and a path; empty for any address.
        public var bind: String
        public var captureMode: CaptureMode
        /// `namespace/dnsName` each, where the namespace may be `.`, `*` or `~`.
        public var hosts: [String]

        init(_ reader: inout FieldReader) {
            port = reader.object("port", Gateway.Port.init)
            bind = reader.string("bind") ?? ""
            captureMode = reader.choice("captureMode", CaptureMode.self) ?? .standard
            hosts = reader.strings("hosts") ?? []
        }
    }
}
