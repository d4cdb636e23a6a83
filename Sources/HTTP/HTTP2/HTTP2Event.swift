/// What the peer did on an HTTP/2 connection.
enum HTTP2Event: Hashable, Sendable {
    /// A request, or the final response to one of ours.
    case head(stream: Int32, HTTP2Head)
    /// Data of the stream, never empty; say ``HTTP2Session/consumed(_:on:)`` when it is dealt with.
    case data(stream: Int32, [UInt8])
    case trailers(stream: Int32, HTTPFields)
    /// The peer will send nothing more on this stream.
    case ended(stream: Int32)
    /// The stream is over in both directions; `code` is 0 unless it was reset or refused (RFC 9113 §7).
    case closed(stream: Int32, code: UInt32)
    /// The peer serves no streams of ours beyond `lastStream`.
    case goAway(lastStream: Int32, code: UInt32)
    /// The peer has answered our ping.
    case pingAcknowledged
}

/// The error codes of RFC 9113 §7 that we send or look for.
public enum HTTP2Code {
    public static let none: UInt32 = 0
    public static let protocolError: UInt32 = 1
    public static let internalError: UInt32 = 2
    public static let refusedStream: UInt32 = 7
    public static let cancel: UInt32 = 8
    public static let enhanceYourCalm: UInt32 = 11
}
