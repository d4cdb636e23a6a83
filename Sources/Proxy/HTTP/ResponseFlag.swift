/// Why a response is not the upstream's own, in Envoy's letters (access log `%RESPONSE_FLAGS%`).
enum ResponseFlag: String, Hashable, Sendable {
    case none = "-"
    /// No endpoint to send to.
    case noHealthyUpstream = "UH"
    /// Could not connect, TLS included.
    case upstreamConnectionFailure = "UF"
    /// Too many connections or waiting requests.
    case upstreamOverflow = "UO"
    /// No route, or no filter chain for the connection.
    case noRoute = "NR"
    /// The route names a destination that is not there.
    case noCluster = "NC"
    /// Every attempt was used up.
    case retryLimitExceeded = "URX"
    /// The client went away before the response was complete.
    case downstreamTermination = "DC"
    case upstreamTimeout = "UT"
    case upstreamReset = "UR"
    /// The upstream closed the connection before the response was complete.
    case upstreamTermination = "UC"
    case downstreamProtocolError = "DPE"
    case upstreamProtocolError = "UPE"
    case streamIdleTimeout = "SI"
    case overloaded = "OM"
}
