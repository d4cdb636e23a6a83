/// A request that is answered with an error; thrown by a handler, the server makes the response of it.
public struct HTTPFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// 400 through 599.
    public let status: Int
    /// What the client is told, as text.
    public let message: String

    public init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    public var description: String { "HTTP \(status): \(message)" }
}
