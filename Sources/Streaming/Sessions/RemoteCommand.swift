public import HTTP

/// The server's side of `kubectl exec` and `kubectl attach`, over WebSocket or SPDY.
public enum RemoteCommand {
    /// Which streams the user connects.
    public struct Streams: Sendable, Hashable {
        public var input: Bool
        public var output: Bool
        /// Never with a terminal, on which both outputs are one.
        public var error: Bool
        public var terminal: Bool

        public init(input: Bool, output: Bool, error: Bool, terminal: Bool) {
            (self.input, self.output, self.terminal) = (input, output, terminal)
            self.error = error && !terminal
        }
    }

    /// What the user does.
    public enum Input: Sendable, Hashable {
        case bytes([UInt8])
        /// There will be no more bytes.
        case ended
        /// The user's terminal has a new size, in characters.
        case resized(columns: Int, rows: Int)
    }

    /// How the command ended, for the user's exit code.
    public enum Outcome: Sendable, Hashable {
        case exited(code: Int32)
        /// It could not be run; the message is shown to the user.
        case failed(String)
    }

    /// Accepts the upgrade and lets `body` run the command; cancels it when the user goes away.
    ///
    /// - Throws: ``HTTPFailure`` when the request is no upgrade that is spoken here; nothing has been answered then.
    public static func serve(
        _ exchange: HTTPExchange,
        _ streams: Streams,
        _ body: @escaping @Sendable (any RemoteCommandSession) async throws -> Outcome
    ) async throws {
        let session: any RemoteCommandSession
        if WebSocket.isRequested(by: exchange.request) {
            session = try await WebSocketCommand.accept(exchange, streams)
        } else if SPDYSession.isRequested(by: exchange.request) {
            session = try await SPDYCommand.accept(exchange, streams)
        } else {
            throw HTTPFailure(400, "unable to upgrade: ask for an upgrade to websocket or SPDY/3.1")
        }
        try await run(session, body)
    }

    private enum Event: Sendable {
        case userLeft
        case ended(Outcome)
    }

    static func run(
        _ session: any RemoteCommandSession,
        _ body: @escaping @Sendable (any RemoteCommandSession) async throws -> Outcome
    ) async throws {
        defer { session.close() }
        try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask {
                try await session.pump()
                return .userLeft
            }
            group.addTask {
                do {
                    try await session.prepare()
                    return .ended(try await body(session))
                } catch {
                    // Written before the body's end reaches anybody else: the user deserves the reason.
                    return .ended(.failed("\(error)"))
                }
            }
            defer { group.cancelAll() }
            guard case .ended(let outcome) = try await group.next() else { return }
            try await session.finish(outcome)
            // The client closes when it has read everything; closing first could cost it the last bytes.
            group.addTask {
                try await Task.sleep(for: .seconds(5))
                return .userLeft
            }
            _ = try? await group.next()
        }
    }
}

/// A running command as its user's connection sees it; ``nextInput()`` is for one task, the rest for any.
public protocol RemoteCommandSession: Sendable {
    /// What the user does next; nil when nothing more can come.
    func nextInput() async throws -> RemoteCommand.Input?
    /// Shows what the command printed; ignored when the user did not connect that stream.
    func writeOutput(_ bytes: [UInt8]) async throws
    func writeError(_ bytes: [UInt8]) async throws

    /// Reads the connection until the user has gone.
    func pump() async throws
    /// Waits until all streams are there.
    func prepare() async throws
    /// Tells the user that the command runs.
    func begin() async throws
    /// Tells the user how it ended.
    func finish(_ outcome: RemoteCommand.Outcome) async throws
    func close()
}
