internal import Base
internal import HTTP

/// The endpoint's side of an exchange: a connection of its own (HTTP/1), or one stream of many (HTTP/2).
///
/// A leg reports the response by ``Exchange/responded(_:)`` and what follows, and its loss by
/// ``Exchange/upstreamFailed(_:cause:progress:)``.
protocol UpstreamLeg: AnyObject {
    /// Whether it can take the request now; before, it calls ``Exchange/upstreamReady()`` when it can.
    var isReady: Bool { get }

    var localAddress: SocketAddress? { get }
    /// Why it failed, in the transport's words.
    var failure: String { get }

    /// Connects for `exchange`, where that is still to be done.
    func open(for exchange: Exchange)

    /// Carries `exchange` from now on; it is ready.
    func begin(_ exchange: Exchange)

    /// The exchange's request is about to be sent.
    func beginRequest(of exchange: Exchange)

    /// Sends what waits in `request`, which ``Exchange`` wrote in the form that ``HTTPVersion`` asks for.
    ///
    /// - Parameter isKept: Whether sent octets stay in `request`.
    /// - Returns: False when the connection is lost.
    func send(_ request: inout OutputBuffer, isKept: Bool) -> Bool

    /// The client sends no more through a tunnel, and all it has sent is on its way.
    func finishSending()

    func pauseReading(_ isPaused: Bool)

    /// Gives up, and tells the exchange.
    func failed(_ reason: LocalReply.ResetReason, cause: String)

    /// The exchange is over.
    ///
    /// - Parameter isReusable: Whether request and response are complete.
    func end(isReusable: Bool)
}

/// How requests are written to an endpoint.
enum HTTPVersion: Hashable, Sendable {
    /// Head and body one after the other, the body in chunks unless its length is known.
    case http1
    /// Heads in frames of their own: only the body is written, as it is.
    case http2
}
