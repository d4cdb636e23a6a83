/// What one end of an HTTP/2 connection allows the other (RFC 9113 §6.5.2).
public struct HTTP2Settings: Hashable, Sendable {
    /// Streams that the peer may have open at a time; only a server says so.
    public var concurrentStreams = 100
    /// Octets of a stream's data that may be on their way or here and not consumed.
    public var streamWindow = 256 * 1024
    /// The same for all streams of the connection together.
    public var connectionWindow = 1024 * 1024
    /// Octets of a field section: names, values, and 32 for each field, as RFC 9113 counts; Envoy's default.
    public var headOctets = 60 * 1024
    /// Fields of a section.
    public var fields = 100
    /// Whether clients may ask for another protocol on a stream, such as WebSocket (RFC 8441); only a server says so.
    public var allowsConnectProtocol = false

    public init() {}
}
