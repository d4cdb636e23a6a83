internal import Base

/// What happened to one request, or to one connection that is not HTTP; the access log's raw material.
///
/// Empty strings and zero statuses print as `-`.
struct AccessLogEntry {
    var start = Timestamp(nanoseconds: 0)
    var method = ""
    var path = ""
    /// `HTTP/1.1`, or empty for a connection that is not HTTP.
    var httpVersion = ""
    /// 0 for a connection that is not HTTP, and for a request that got no response.
    var status = 0
    var flag = ResponseFlag.none
    var details = ""
    var terminationDetails = ""
    /// Why TLS to the upstream failed, in the transport's words.
    var upstreamFailure = ""
    /// Why TLS with the client failed.
    var downstreamFailure = ""
    var bytesReceived = 0
    var bytesSent = 0
    var duration: Duration = .zero
    /// Milliseconds until the upstream's response began; nil when none did.
    var upstreamServiceTime: Int?
    var forwardedFor = ""
    var userAgent = ""
    var requestID = ""
    var authority = ""
    var upstreamHost = ""
    var cluster = ""
    var upstreamLocalAddress = ""
    var downstreamLocalAddress = ""
    var downstreamRemoteAddress = ""
    var serverName = ""
    /// What TLS with the client agreed on; empty where a gateway does not end it.
    var tlsVersion = ""
    var tlsCipher = ""
    var routeName = ""
    /// Why the connection was or was not mutual TLS, for people: `mTLS: PeerAuthentication foo/default is STRICT`.
    var tlsReason = ""
    /// Looks up any other request header that a custom format names.
    var requestHeader: (String) -> String? = { _ in nil }
    /// Looks up any other response header that a custom format names.
    var responseHeader: (String) -> String? = { _ in nil }
}
