public import Kubernetes
public import MeshAPI

/// What one gateway proxy listens on, and why.
public struct GatewayDecision: Hashable, Sendable {
    /// Where a proxy listens.
    public struct Address: Hashable, Sendable {
        /// An IP address, or `unix://` and a path.
        public var bind: String
        /// 0 with a path.
        public var port: Int

        init(bind: String, port: Int) {
            self.bind = bind.isEmpty ? "0.0.0.0" : bind
            self.port = bind.hasPrefix("unix://") ? 0 : port
        }
    }

    /// What a connection that fits is treated as.
    public struct Chain: Hashable, Sendable {
        public enum Transport: Hashable, Sendable {
            case plaintext
            case terminate(GatewayTLS)
            case passthrough
        }

        public enum Content: Hashable, Sendable {
            /// Requests, by the routes of this name.
            case http(routes: String)
            case bytes([SharedDestination])
            /// TLS of the mesh goes on as it is to those endpoints that speak it (`AUTO_PASSTHROUGH`).
            case mutualTLS(DestinationName)
        }

        /// In lower case; empty for any name, and none.
        public var serverNames: [String] = []
        /// Of which a client must offer one; empty for no such condition.
        public var applicationProtocols: [String] = []
        public var transport: Transport
        public var content: Content
        public var server: GatewayServer
        /// Whether calls of gRPC-Web are translated to gRPC.
        public var translatesGRPCWeb = false
        /// The VirtualService that says where bytes go; nil for requests.
        public var route: ObjectReference?

        init(_ transport: Transport, _ content: Content, of server: GatewayServer) {
            self.transport = transport
            self.content = content
            self.server = server
        }
    }

    public struct Listener: Hashable, Sendable {
        public var address: Address
        /// Never empty.
        public var chains: [Chain]
    }

    public var listeners: [Listener] = []
    /// What is believed of proxies before this one.
    public var topology = GatewayTopology()
    /// Servers that are not opened, or not as written, and why.
    public var conflicts: [GatewayConflict] = []

    init() {}
}

/// A server that is not opened, wholly or in part.
public struct GatewayConflict: Hashable, Sendable {
    public var gateway: ObjectKey
    /// The server's port name.
    public var server: String
    /// What it is and what would help, such as `host a.com is already served on port 443 by Gateway foo/web server https`.
    public var reason: String

    init(_ server: GatewayServer, _ reason: String) {
        gateway = server.gateway
        self.server = server.label
        self.reason = reason
    }
}

/// The requests' routes of one or more servers.
public struct GatewayRoutes: Hashable, Sendable {
    public struct VirtualHost: Hashable, Sendable {
        /// Exact, `*.suffix` or `*`, in lower case.
        public var domain: String
        /// The first whose matches the request meets decides.
        public var routes: [HTTPRouteDecision] = []
        public var redirectsToHTTPS = false

        init(_ domain: String) { self.domain = domain }
    }

    public var name: String
    /// The first server's port as written.
    public var port: Int
    /// By domain.
    public var virtualHosts: [VirtualHost] = []
    /// The hosts of the servers, without namespaces.
    public var serverHosts: [String] = []
    public var servers: [GatewayServer]
}
