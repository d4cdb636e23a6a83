/// What a server allows its clients, who may be slow, many, or hostile.
public struct HTTPServerLimits: Sendable {
    /// Connections at a time; see ``ConnectionLoop``.
    public var connections = 1024
    /// From the first octet of a head to its last, and before it on a new connection.
    public var headPatience = Duration.seconds(10)
    /// Between two messages on one connection.
    public var idlePatience = Duration.seconds(120)
    /// Between two pieces of a body.
    public var bodyPatience = Duration.seconds(30)
    /// For one write to reach the kernel.
    public var writePatience = Duration.seconds(60)
    /// Octets of a body nobody read that are read and thrown away to keep the connection.
    public var discardedOctets = 256 * 1024
    public var message = HTTP1Limits()

    public init() {}
}
