internal import Base
internal import EventLoop
internal import HTTP

/// What is noted about one exchange for the access log and the metrics.
struct ExchangeLog {
    private(set) var start = MonotonicTime(nanoseconds: 0)
    var flag = ResponseFlag.none
    var details = ""
    var upstreamFailure = ""
    /// Why TLS with the client failed.
    var downstreamFailure = ""
    var routeName = ""
    var bytesReceived = 0
    var bytesSent = 0
    private(set) var status = 0
    /// Milliseconds from the request's beginning to the response's; nil before.
    private(set) var serviceTime: Int?
    /// Whether the proxy itself has answered, so that the rest of the request does not matter.
    private(set) var isRefused = false
    /// Who made the request, where proxies before this one are believed; nil for the connection's other end.
    var client: IPAddress?
    /// Nil when the request is no gRPC call.
    var grpc: GRPCNotes?
    var endpoint: EndpointPool?
    /// The local end of the upstream connection, known while the connection lives.
    var upstreamLocalAddress: SocketAddress?

    mutating func begin(at now: MonotonicTime) { start = now }

    mutating func responseBegan(_ response: HTTP1Head, at now: MonotonicTime) {
        status = response.status
        serviceTime = Int((now.nanoseconds - start.nanoseconds) / 1_000_000)
    }

    mutating func refused(_ reply: LocalReply) {
        isRefused = true
        flag.formUnion(reply.flag)
        (status, details) = (reply.status, reply.details)
        bytesSent = reply.octets.count
    }

    mutating func reset() { self = ExchangeLog() }
}
