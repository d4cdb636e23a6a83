internal import Discovery
internal import GRPC
internal import HTTP

/// A response that the proxy itself gives, with the texts that users of Envoy know and search for.
struct LocalReply: Hashable, Sendable {
    var status: Int
    var body: String
    var flag: ResponseFlag
    /// Envoy's `%RESPONSE_CODE_DETAILS%`.
    var details: String
    /// The body when it is not ``body`` but what somebody configured, which need not be text.
    var content: [UInt8] = []
    /// Fields of this reply alone.
    var fields: [HeaderChanges.Field] = []
    /// What gRPC clients are told instead of what ``status`` means; nil for that.
    var grpcStatus: Int?
    /// What the route's configuration changes in its responses.
    var edits: [HeaderEdits] = []

    /// The body's octets.
    var octets: [UInt8] { content.isEmpty ? Array(body.utf8) : content }

    /// How the connection to the upstream ended before a response began.
    enum ResetReason: String, Sendable {
        case connectionFailure = "connection failure"
        /// The peer, or the network, refused the connection or the TLS handshake.
        case remoteConnectionFailure = "remote connection failure"
        case localConnectionFailure = "local connection failure"
        case connectionTermination = "connection termination"
        case connectionTimeout = "connection timeout"
        case overflow
        /// The stream was reset by the peer.
        case remoteReset = "remote reset"
        /// The peer has not looked at the stream (RFC 9113 §8.7).
        case remoteRefusedStream = "remote refused stream reset"
        case protocolError = "protocol error"

        var flag: ResponseFlag {
            switch self {
            case .connectionFailure, .remoteConnectionFailure, .localConnectionFailure, .connectionTimeout:
                .upstreamConnectionFailure
            case .connectionTermination: .upstreamTermination
            case .overflow: .upstreamOverflow
            case .remoteReset, .remoteRefusedStream: .upstreamReset
            case .protocolError: .upstreamProtocolError
            }
        }
    }

    /// The upstream connection ended before a response began.
    ///
    /// - Parameters:
    ///   - wasRetried: Whether this was not the first attempt.
    ///   - cause: The transport's own reason, kept for the access log only, as Envoy does since 1.38.
    static func reset(_ reason: ResetReason, wasRetried: Bool, cause: String = "") -> Self {
        let lead = "upstream connect error or disconnect/reset before headers. "
        let kind = wasRetried ? "retried and the latest reset reason: " : "reset reason: "
        if reason == .protocolError {
            return Self(
                status: 502,
                body: lead + kind + reason.rawValue,
                flag: reason.flag,
                details: "upstream_response_malformed"
            )
        }
        let name = underscored(reason.rawValue)
        let tail = cause.isEmpty ? "" : "|\(underscored(cause))"
        let details =
            reason == .overflow
            ? "upstream_reset_before_response_started{overflow}"
            : "upstream_reset_before_response_started{\(name)\(tail)}"
        return Self(status: 503, body: lead + kind + reason.rawValue, flag: reason.flag, details: details)
    }

    static let noHealthyUpstream = Self(
        status: 503,
        body: "no healthy upstream",
        flag: .noHealthyUpstream,
        details: "no_healthy_upstream"
    )
    /// No virtual host has the authority, or none of its routes matches.
    static let noRoute = Self(status: 404, body: "", flag: .noRoute, details: "route_not_found")
    /// The client is to ask again on a connection of its own (RFC 9110 §15.5.20).
    static let misdirected = Self(
        status: 421,
        body: "Misdirected Request: this connection does not serve that host; open another",
        flag: .noRoute,
        details: "misdirected_request"
    )
    static let noCluster = Self(status: 503, body: "", flag: .noCluster, details: "cluster_not_found")
    /// REGISTRY_ONLY, and the authority is no service (route `block_all`).
    static let blockAll = Self(status: 502, body: "", flag: .none, details: "direct_response")
    static let requestTimeout = Self(
        status: 408,
        body: "stream timeout",
        flag: .streamIdleTimeout,
        details: "stream_idle_timeout"
    )
    static let upstreamTimeout = Self(
        status: 504,
        body: "upstream request timeout",
        flag: .upstreamTimeout,
        details: "response_timeout"
    )
    /// The time is over that a gRPC client gave its call: what the client's own clock says a moment later.
    static let deadlineExceeded = {
        var reply = upstreamTimeout
        reply.grpcStatus = GRPCStatus.Code.deadlineExceeded.rawValue
        return reply
    }()
    /// One attempt took longer than `perTryTimeout`.
    static let attemptTimeout = Self(
        status: 504,
        body: "upstream request timeout",
        flag: .upstreamTimeout,
        details: "upstream_per_try_timeout"
    )
    /// Nobody told the proxy in time what this request's authority means: nothing is sent anywhere.
    static let routeUnknown = Self(
        status: 503,
        body: "no configuration for this host: the control plane did not answer in time",
        flag: .noCluster,
        details: "on_demand_configuration_timeout"
    )

    /// The request's host has no address that it may go to; the log says why.
    static let nameNotFound = Self(
        status: 503,
        body: "DNS resolution failure",
        flag: .nameResolutionFailed,
        details: "dns_resolution_failure"
    )
    /// As Envoy when its DNS cache is full.
    static let tooManyNames = Self(
        status: 503,
        body: "Dynamic forward proxy pending request overflow",
        flag: .upstreamOverflow,
        details: "dynamic_forward_proxy_pending_request_overflow"
    )

    /// The mesh knows the destination, and forbids every connection to it because the TLS it asks for cannot be had.
    static func refused(_ reason: String) -> Self {
        Self(
            status: 503,
            body: "no connection is made: \(reason)",
            flag: .upstreamConnectionFailure,
            details: "destination_refused{\(underscored(reason))}"
        )
    }

    /// Sends the client elsewhere.
    static func redirect(to location: String, status: UInt16 = 301) -> Self {
        var reply = Self(status: Int(status), body: "", flag: .none, details: "direct_response")
        reply.fields = [HeaderChanges.Field("location", location)]
        return reply
    }

    /// An answer that somebody configured (VirtualService `directResponse`).
    static func direct(_ response: DirectResponse) -> Self {
        var reply = Self(status: Int(response.status), body: "", flag: .none, details: "direct_response")
        if reply.mayHaveBody { reply.content = response.body }
        return reply
    }

    /// A preflight of another origin's page, answered by the route's policy.
    static func preflight(_ fields: [HeaderChanges.Field]) -> Self {
        var reply = Self(status: 200, body: "", flag: .none, details: "cors_response")
        reply.fields = fields
        return reply
    }

    /// A failure made on purpose (VirtualService `fault.abort`).
    static func aborted(_ abort: FaultInjection.Abort) -> Self {
        var reply = Self(status: 200, body: "fault filter abort", flag: .faultInjected, details: "fault_filter_abort")
        switch abort {
        case .status(let status): reply.status = Int(status)
        // Who does not speak gRPC gets 200, as from Envoy.
        case .grpcStatus(let code): reply.grpcStatus = code
        }
        return reply
    }

    /// The client's bytes are not HTTP.
    static func badRequest(_ details: String, status: Int = 400) -> Self {
        let body = HTTPResponseHead.reason(for: status)
        return Self(status: status, body: body, flag: .downstreamProtocolError, details: underscored(details))
    }

    /// Blanks become underscores, so that a log line keeps its columns.
    static func underscored(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 == UInt8(ascii: " ") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
    }
}
