public import Base
public import HTTP
internal import Synchronization
public import TLS

/// The server's side of a call.
///
/// The call ends well when the handler returns, and with the status that it throws otherwise. One task may send while
/// another receives.
public final class GRPCCall: Sendable {
    /// `/package.Service/Method`.
    public let path: String
    public let metadata: HTTPFields
    public let peer: SocketAddress
    /// What the TLS handshake agreed on, the caller's certificate among it; nil in plain text.
    public let tls: TLSInfo?
    /// When the caller will stop waiting; nil when it never does.
    public let deadline: ContinuousClock.Instant?
    private let stream: HTTP2Stream
    private let reader: Mutex<GRPCMessageReader>
    private let hasBegun = Mutex(false)

    init(_ head: HTTP2Head, _ stream: HTTP2Stream, peer: SocketAddress, tls: TLSInfo?, messageLimit: Int) {
        path = head.path ?? ""
        metadata = head.fields
        self.peer = peer
        self.tls = tls
        deadline = head.fields["grpc-timeout"].flatMap(GRPCTimeout.duration).map { .now + $0 }
        self.stream = stream
        reader = Mutex(GRPCMessageReader(limit: messageLimit))
    }

    /// The next message; nil when the caller has sent its last.
    ///
    /// - Throws: ``GRPCStatus`` for a message that is not acceptable, ``MeshError`` when the caller is gone.
    public func next() async throws -> [UInt8]? {
        while true {
            if let message = try reader.withLock({ try $0.next() }) { return message }
            switch try await stream.next() {
            case .data(let bytes): reader.withLock { $0.append(bytes) }
            case .trailers: continue  // Callers have no trailers in gRPC.
            case nil:
                if reader.withLock({ $0.isWithinMessage }) {
                    throw GRPCStatus(.internal, "the call ended in the middle of a message")
                }
                return nil
            }
        }
    }

    /// The only message of a call that must have exactly one.
    public func onlyMessage() async throws -> [UInt8] {
        guard let message = try await next(), try await next() == nil else {
            throw GRPCStatus(.internal, "the call must have exactly one message")
        }
        return message
    }

    /// Sends a message; waits while more than a little is queued before it.
    public func send(_ message: [UInt8]) async throws {
        try begin()
        try await stream.write(GRPCMessageReader.framed(message))
    }

    /// Answers with the head, which is sent with the first message unless it is sent before.
    public func begin() throws {
        let mustBegin = hasBegun.withLock { hasBegun in
            defer { hasBegun = true }
            return !hasBegun
        }
        if mustBegin { try stream.respond(Self.head) }
    }

    func finish(_ status: GRPCStatus) throws {
        if hasBegun.withLock({ $0 }) { return try stream.finish(status.trailers) }
        var head = Self.head
        for field in status.trailers.all { head.fields.append(field.name, field.value) }
        try stream.respond(head, isEnd: true)
    }

    private static let head = HTTP2Head(status: 200, fields: ["content-type": "application/grpc"])
}
