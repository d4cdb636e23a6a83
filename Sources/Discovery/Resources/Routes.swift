/// What an intercepted connection to one original destination means to this client.
public enum AddressRoute: Hashable, Sendable {
    /// An HTTP service's port: each request goes where its Host header says.
    case http(HTTPListener)
    /// An undeclared protocol: HTTP is routed as by ``http(_:)``, anything else goes to the destination.
    ///
    /// `other` is a ``Destination``'s name, or `PassthroughCluster` or `BlackHoleCluster` with the meaning of
    /// ``passthrough`` and ``blackHole``: an unknown address on a port that HTTP services have.
    case auto(HTTPListener, other: String)
    /// Any bytes, to this ``Destination``.
    case tcp(destination: String)
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

/// Where requests for one authority go; the place where VirtualService routes will live.
public enum HostRoute: Hashable, Sendable {
    /// All requests go to this ``Destination``.
    case destination(String, retries: RetryPolicy)
    /// The authority names no service that this client sees.
    case unknown
}

/// When a request is tried again (Istio's default: 2 attempts after connect failures and refused streams).
public struct RetryPolicy: Hashable, Sendable {
    /// Attempts after the first.
    public var attempts: Int

    public init(attempts: Int = 2) { self.attempts = attempts }
}
