/// An error that a person will read in a log, a status field or on a terminal.
///
/// Equality compares only ``code``, so a test can name the kind without repeating the words.
public struct MeshError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind, for a program to switch on.
    public enum Code: Hashable, Sendable {
        /// What a person wrote cannot be used.
        case invalidConfiguration
        /// Something that was asked for does not exist.
        case notFound
        /// The other side refused, or is not who it should be.
        case peerRejected
        /// The other side broke the protocol, or sent more than is allowed.
        case protocolViolation
        /// Something needed is not there right now; trying again later may help.
        case unavailable
        /// It took longer than allowed.
        case timedOut
        /// The task was cancelled, or the connection closed by this side.
        case cancelled
    }

    public let code: Code
    /// What went wrong with what, and the next step where there is one; one sentence without a full stop.
    public let message: String
    /// What made it fail, if another error did.
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message + (cause.map { ": \($0)" } ?? "") }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
