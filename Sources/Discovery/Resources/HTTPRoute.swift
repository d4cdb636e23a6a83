/// What is done with the requests that match (VirtualService `http[]`, as one proxy sees it).
///
/// Conditions that do not depend on the request (gateways, source labels, port) are decided before it is made.
public struct HTTPRoute: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        case forward(HTTPForwarding)
        case redirect(HTTPRedirect)
        case respond(DirectResponse)
    }

    /// The route's name in the access log.
    public var name = "default"
    /// A request that meets any of them is this route's; empty matches every request.
    public var matches: [HTTPMatch] = []
    public var action: Action
    public var requestHeaders = HeaderChanges()
    public var responseHeaders = HeaderChanges()
    public var cors: CORSPolicy?
    public var fault = FaultInjection()
    /// The object that the route is from, such as `VirtualService foo/reviews`, for logs and people.
    public var origin = ""

    public init(_ action: Action) { self.action = action }
}

/// Where and how requests go on.
public struct HTTPForwarding: Hashable, Sendable {
    /// Never empty.
    public var destinations: [WeightedDestination]
    public var pathRewrite: PathRewrite?
    /// The new authority; empty keeps the client's.
    public var authority = ""
    /// How long the whole of the response may take (504 `UT`); zero for no limit.
    public var timeout: Duration = .zero
    public var retries = RetryPolicy()
    public var mirrors: [Mirror] = []

    public init(_ destinations: [WeightedDestination]) { self.destinations = destinations }

    public struct Mirror: Hashable, Sendable {
        /// A ``Destination``'s name.
        ///
        /// Its answer is thrown away; the authority gets the suffix `-shadow`.
        public var destination: String
        public var share: Percentage

        public init(_ destination: String, share: Percentage = .all) {
            self.destination = destination
            self.share = share
        }
    }
}

/// How a request's path changes (`rewrite.uri`, `rewrite.uriRegexRewrite`).
public enum PathRewrite: Hashable, Sendable {
    /// What the route's prefix matched becomes this; the whole path where it matched exactly or by expression.
    case matched(String)
    /// All matches of the RE2 expression become the substitution, in which `\1` is the first group.
    case expression(String, substitution: String)
}

/// When a request is tried again (Istio's default: 2 attempts after connect failures and refused streams).
public struct RetryPolicy: Hashable, Sendable {
    /// Envoy's conditions (`retry_on`) that are in force.
    public struct Conditions: OptionSet, Hashable, Sendable {
        public let rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        public static let connectFailure = Self(rawValue: 1 << 0)
        public static let refusedStream = Self(rawValue: 1 << 1)
        /// gRPC status 14.
        public static let unavailable = Self(rawValue: 1 << 2)
        /// gRPC status 1.
        public static let cancelled = Self(rawValue: 1 << 3)
        /// A response with one of ``RetryPolicy/statusCodes``.
        public static let retriableStatusCodes = Self(rawValue: 1 << 4)
        public static let serverError = Self(rawValue: 1 << 5)
        /// 502, 503 and 504.
        public static let gatewayError = Self(rawValue: 1 << 6)
        /// No response at all: the connection ended, was reset, or the attempt timed out.
        public static let reset = Self(rawValue: 1 << 7)
        public static let resetBeforeRequest = Self(rawValue: 1 << 8)
        /// 409.
        public static let retriable4xx = Self(rawValue: 1 << 9)
        /// gRPC status 4.
        public static let deadlineExceeded = Self(rawValue: 1 << 10)
        /// gRPC status 13.
        public static let `internal` = Self(rawValue: 1 << 11)
        /// gRPC status 8.
        public static let resourceExhausted = Self(rawValue: 1 << 12)
        /// HTTP/3; never met.
        public static let http3PostConnectFailure = Self(rawValue: 1 << 13)

        /// Istio's default.
        public static let standard: Self = [
            .connectFailure, .refusedStream, .unavailable, .cancelled, .retriableStatusCodes,
        ]
    }

    /// Attempts after the first.
    public var attempts: Int
    public var conditions = Conditions.standard
    public var statusCodes: [UInt16] = []
    /// How long one attempt may take; zero for no limit but the route's.
    public var perTryTimeout: Duration = .zero
    /// The base of the growing, randomized pause between attempts.
    public var backoff: Duration = .milliseconds(25)

    public init(attempts: Int = 2) { self.attempts = attempts }
}

/// Sends the client elsewhere (VirtualService `redirect`).
public struct HTTPRedirect: Hashable, Sendable {
    public enum Port: Hashable, Sendable {
        /// None is named: the scheme's (`FROM_PROTOCOL_DEFAULT`).
        case standard
        /// The one that the request came to (`FROM_REQUEST_PORT`).
        case request
        case number(UInt16)
    }

    /// 301, 302, 303, 307 or 308.
    public var status: UInt16 = 301
    /// `http` or `https`; empty keeps the request's.
    public var scheme = ""
    /// Empty keeps the request's.
    public var authority = ""
    /// Nil keeps the request's when neither scheme nor authority change.
    public var port: Port?
    /// The whole path, query included; empty keeps the request's.
    public var path = ""
    /// Replaces the prefix that matched; empty keeps it.
    public var prefix = ""

    public init() {}
}

/// An answer by the proxy itself (VirtualService `directResponse`).
public struct DirectResponse: Hashable, Sendable {
    public var status: UInt16
    public var body: [UInt8]

    public init(status: UInt16, body: [UInt8] = []) {
        self.status = status
        self.body = body
    }
}
