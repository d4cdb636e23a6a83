public import MeshAPI

/// One of several destinations among which requests or connections are shared out.
public struct SharedDestination: Hashable, Sendable {
    /// It need not exist: requests for what is not there get 503 (`NC`).
    public var name: DestinationName
    /// Relative, at least 1.
    public var weight: Int
    /// Changes for this destination alone, made after the route's.
    public var headers: VirtualService.Headers

    init(name: DestinationName, weight: Int = 1, headers: VirtualService.Headers = VirtualService.Headers()) {
        self.name = name
        self.weight = weight
        self.headers = headers
    }
}

/// One `http` route of a VirtualService, as one proxy sees it.
public struct HTTPRouteDecision: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        case forward(Forwarding)
        case redirect(VirtualService.Redirect)
        case respond(VirtualService.DirectResponse)
    }

    public struct Forwarding: Hashable, Sendable {
        /// Never empty.
        public var destinations: [SharedDestination]
        public var rewrite: VirtualService.Rewrite?
        /// Zero for no limit.
        public var timeout: Duration
        public var retries: RetryDecision
        public var mirrors: [Mirror]
    }

    public struct Mirror: Hashable, Sendable {
        public var destination: DestinationName
        /// 0...100.
        public var percentage: Double
    }

    /// Empty when it has none.
    public var name: String
    /// A request that meets any of them is this route's; empty matches every request.
    ///
    /// What they say of port, gateways and source holds already.
    public var matches: [VirtualService.HTTPMatch]
    public var action: Action
    public var headers: VirtualService.Headers
    public var cors: VirtualService.CORSPolicy?
    public var fault: VirtualService.Fault?
    /// The VirtualService that it was written in.
    public var origin: ObjectReference
}

/// When requests are tried again.
public struct RetryDecision: Hashable, Sendable {
    /// After the first; 0 for none.
    public var attempts: Int
    /// Envoy's conditions.
    public var conditions: [String]
    /// Responses with one of these count as failed when `retriable-status-codes` is among the conditions.
    public var statusCodes: [Int]
    /// Zero for no limit.
    public var perTryTimeout: Duration
    /// The shortest pause between attempts; nil for the proxy's own.
    public var backoff: Duration?

    static let standardConditions = [
        "connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes",
    ]

    /// - Parameter retries: nil for Istio's default.
    init(_ retries: VirtualService.Retries?) {
        attempts = max(0, retries?.attempts ?? 2)
        perTryTimeout = retries?.perTryTimeout ?? .zero
        backoff = retries?.backoff
        let entries = (retries?.retryOn ?? "").split(separator: ",").map { $0.filter { $0 != " " } }
        statusCodes = entries.compactMap { Int($0) }
        conditions = entries.isEmpty ? Self.standardConditions : entries.filter { Int($0) == nil }
        if !statusCodes.isEmpty, !conditions.contains("retriable-status-codes") {
            conditions.append("retriable-status-codes")
        }
    }
}

/// One `tls` route of a VirtualService, as one proxy sees it.
public struct TLSRouteDecision: Hashable, Sendable {
    /// Exact names, or `*.suffix`, in lower case; never empty.
    public var serverNames: [String]
    /// Never empty.
    public var destinations: [SharedDestination]
    public var origin: ObjectReference
}

/// One `tcp` route of a VirtualService, as one proxy sees it.
public struct TCPRouteDecision: Hashable, Sendable {
    /// Never empty.
    public var destinations: [SharedDestination]
    public var origin: ObjectReference
}
