/// Told what the peer does on an HTTP/2 connection, while ``HTTP2Engine`` reads or writes.
///
/// Within these calls everything may be asked of the engine but to read or write more.
public protocol HTTP2EngineHandler: AnyObject {
    /// The head of a request, or of a response, interim ones included, is complete.
    ///
    /// - Parameters:
    ///   - head: To be taken (swapped) or read now.
    ///   - isEnd: Whether nothing follows it.
    ///   - fault: Why it must not be used; nil when it may.
    func received(_ head: inout HTTP1Head, on stream: Int32, isEnd: Bool, fault: HTTP2Fault?)

    /// The method that the response on `stream` answers to.
    func method(of stream: Int32) -> HTTPMethod

    /// More of a body; to be given back with ``HTTP2Engine/consume(_:on:)`` and ``HTTP2Engine/consumeConnection(_:)``.
    func received(_ data: Span<UInt8>, on stream: Int32)

    /// The peer will send nothing more on `stream`.
    func ended(_ stream: Int32, trailers: HTTP1Head?)

    /// All of our side of `stream` was written.
    func sentEnd(of stream: Int32)

    /// The stream is over in both directions; `code` is 0 unless it was reset or refused (RFC 9113 §7).
    func closed(_ stream: Int32, code: UInt32)

    /// The peer serves no streams of ours beyond `lastStream`.
    func wentAway(lastStream: Int32, code: UInt32)

    /// The peer's settings have come, for the first time or again.
    func settingsChanged()

    /// The peer has answered ``HTTP2Engine/ping()``.
    func pingAcknowledged()

    /// Fills `buffer` with the next octets of the body that goes out on `stream`.
    func takeBody(of stream: Int32, into buffer: inout MutableSpan<UInt8>) -> HTTP2BodyPart
}

/// What not every handler wants to know.
extension HTTP2EngineHandler {
    public func method(of stream: Int32) -> HTTPMethod { .get }
    public func sentEnd(of stream: Int32) {}
    public func wentAway(lastStream: Int32, code: UInt32) {}
    public func settingsChanged() {}
    public func pingAcknowledged() {}
}

/// What ``HTTP2EngineHandler/takeBody(of:into:)`` had to give.
public enum HTTP2BodyPart {
    /// So many octets, and more will come; with none of them ``HTTP2Engine/resume(_:)`` says when.
    case more(Int)
    /// The last octets, and what follows them.
    case end(Int, trailers: HTTP1Head?)
    /// It cannot be completed: the stream is to be reset.
    case failed
}
