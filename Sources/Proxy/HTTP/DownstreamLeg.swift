internal import HTTP

/// The client's side of an exchange: a connection of its own (HTTP/1), or one stream of many (HTTP/2).
///
/// An ``Exchange`` says what is to be sent, as heads without fields of one connection only and bodies without framing;
/// the leg writes it as its version of HTTP does.
protocol DownstreamLeg: AnyObject {
    var info: ConnectionInfo { get }

    /// Says where the request goes.
    func resolve(_ head: inout HTTP1Head) -> RequestRouter.Outcome

    /// So many octets of the request wait to be taken by the endpoint: the client may send no more than is bearable.
    func requestWaits(_ octets: Int)

    /// Sends a head that precedes the response proper (1xx).
    func interimResponse(_ response: inout HTTP1Head)

    /// Sends the response's head; its body follows.
    func beginResponse(_ response: inout HTTP1Head, isRequestComplete: Bool)

    func responseBody(_ data: Span<UInt8>)
    func endResponse(trailers: HTTP1Head?)

    /// Answers by the proxy itself.
    func respond(_ reply: LocalReply, isRequestComplete: Bool)

    /// The response is complete and the exchange over: serves the next request, or ends.
    func exchangeEnded()

    /// Cuts off a response that cannot be completed, so that the client sees it.
    func abort()

    /// Sends what has gathered.
    func flush()

    /// Whether so much waits for the client that the endpoint should not be read from.
    var isOutputFull: Bool { get }
}
