public import HTTP
public import Network

/// Serves gRPC calls over HTTP/2.
public struct GRPCServer: Sendable {
    /// Serves one call; see ``GRPCCall``.
    public typealias Handler = @Sendable (GRPCCall) async throws -> Void

    public struct Configuration: Sendable {
        /// Connections at a time; see ``ConnectionLoop``.
        public var connections = 4096
        /// For a TLS handshake.
        public var handshakePatience = Duration.seconds(10)
        /// Calls of one connection at a time.
        public var concurrentCalls = 100
        /// Octets of a message that are accepted.
        public var messageLimit = 4 << 20
        public var keepAlive: HTTP2Connection.KeepAlive? = HTTP2Connection.KeepAlive()

        public init() {}
    }

    private let listener: AsyncListener
    private let handlers: [String: Handler]
    private let configuration: Configuration

    /// - Parameter handlers: By path, `/package.Service/Method`.
    public init(
        listener: AsyncListener,
        handlers: [String: Handler],
        configuration: Configuration = Configuration()
    ) {
        self.listener = listener
        self.handlers = handlers
        self.configuration = configuration
    }

    /// Serves until the task is cancelled, or the listener closed.
    public func run() async throws {
        try await ConnectionLoop(listener, limit: configuration.connections).run { stream, seat in
            let peer = stream.peer
            await GRPCServerConnection(peer: peer, handlers: handlers, configuration: configuration, seat: seat)
                .run(stream)
        }
    }

    /// A handler for calls that have one message each way.
    public static func unary(
        _ body: @escaping @Sendable (GRPCCall, [UInt8]) async throws -> [UInt8]
    ) -> Handler {
        { call in
            let message = try await call.onlyMessage()
            try await call.send(try await body(call, message))
        }
    }
}
