/// What an intercepted connection to one original destination means to this client.
public enum AddressRoute: Hashable, Sendable {
    /// An HTTP service's port: each request goes where its Host header says.
    case http(HTTPListener)
    /// An undeclared protocol: HTTP is routed as by ``http(_:)``, anything else as by ``tls(_:)``.
    case auto(HTTPListener, other: ServerNameRoutes)
    /// Any bytes, shared out among these destinations; never empty.
    case tcp([WeightedDestination])
    /// TLS of the application's own: goes where its server name says, without being decrypted.
    case tls(ServerNameRoutes)
    /// Not a destination the mesh knows: forwarded as it is (`ALLOW_ANY`, `PassthroughCluster`).
    case passthrough
    /// Not a destination the mesh knows, and those are forbidden: closed (`REGISTRY_ONLY`, `BlackHoleCluster`).
    case blackHole
}

/// How requests of one HTTP listener find their route.
public struct HTTPListener: Hashable, Sendable {
    /// The service port, which is part of ``ResourceName/host(_:port:)``.
    public var port: UInt16
    /// Whether a Host that names no service goes to the original destination (`ALLOW_ANY`) or gets 502 (`REGISTRY_ONLY`).
    public var allowsUnknownHosts: Bool

    public init(port: UInt16, allowsUnknownHosts: Bool) {
        self.port = port
        self.allowsUnknownHosts = allowsUnknownHosts
    }
}

/// Where requests for one authority go.
public enum HostRoute: Hashable, Sendable {
    /// All requests go to this ``Destination``.
    case destination(String, retries: RetryPolicy)
    /// The first route that matches decides; none answers 404 (VirtualService).
    case routes([HTTPRoute])
    /// The authority names no service that this client sees.
    case unknown
}

/// Connections that carry TLS of their own, told apart by server name (VirtualService `tls`).
public struct ServerNameRoutes: Hashable, Sendable {
    public struct Route: Hashable, Sendable {
        /// Exact names, or `*.suffix`, in lower case; never empty.
        public var serverNames: [String]
        /// Never empty.
        public var destinations: [WeightedDestination]

        public init(serverNames: [String], destinations: [WeightedDestination]) {
            self.serverNames = serverNames
            self.destinations = destinations
        }
    }

    /// The exact name decides, else the longest suffix; of equal ones the first.
    public var routes: [Route]
    /// Where everything else goes, also what is not TLS; never empty.
    ///
    /// `PassthroughCluster` and `BlackHoleCluster` have the meaning of ``AddressRoute/passthrough`` and
    /// ``AddressRoute/blackHole``.
    public var other: [WeightedDestination]

    /// - Parameter routes: Empty when server names do not count, and nobody needs to look for one.
    public init(routes: [Route] = [], other: [WeightedDestination]) {
        self.routes = routes
        self.other = other
    }
}

/// One of several destinations among which requests or connections are shared out.
public struct WeightedDestination: Hashable, Sendable {
    /// A ``Destination``'s name; one that is not there answers 503 with flag `NC`.
    public var name: String
    /// Relative share, at least 1.
    public var weight: Int
    /// Changes for this destination alone, made after the route's.
    public var requestHeaders = HeaderChanges()
    public var responseHeaders = HeaderChanges()

    public init(_ name: String, weight: Int = 1) {
        self.name = name
        self.weight = weight
    }
}
