/// How much of a message's framing a peer may make us hold; the defaults are Envoy's.
public struct HTTP1Limits: Hashable, Sendable {
    /// Octets of a head, from the first of its start line to the last of its empty line; also of a trailer section.
    public var headOctets = 60 * 1024
    /// Fields of a head; also of a trailer section.
    public var fields = 100
    /// Octets of the extension of one chunk.
    public var chunkExtensionOctets = 256

    public init() {}
}
