internal import Base
public import Network

/// Serves HTTP/1.1 on one port.
public struct HTTPServer: Sendable {
    private let listener: AsyncListener
    private let limits: HTTPServerLimits
    private let handler: @Sendable (HTTPExchange) async throws -> Void

    /// - Parameter handler: Answers one request; several run at a time, one for each connection. An ``HTTPFailure`` that
    ///   it throws is the answer, any other error becomes status 500 and a line in the log.
    public init(
        listener: AsyncListener,
        limits: HTTPServerLimits = HTTPServerLimits(),
        handler: @escaping @Sendable (HTTPExchange) async throws -> Void
    ) {
        self.listener = listener
        self.limits = limits
        self.handler = handler
    }

    /// Serves until the task is cancelled, or the listener closed.
    public func run() async throws {
        let watchdogs = Watchdogs()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await watchdogs.run(every: .seconds(1)) }
            group.addTask {
                try await ConnectionLoop(listener, limit: limits.connections).run { await serve($0, $1, watchdogs) }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func serve(_ stream: AsyncConnection, _ seat: ConnectionSeat, _ watchdogs: Watchdogs) async {
        let handshake = Watchdog { stream.close() }
        watchdogs.insert(handshake)
        defer { watchdogs.remove(handshake) }
        do {
            try await handshake.during(limits.headPatience) { try await stream.finishHandshake() }
        } catch {
            HTTPServerConnection.log.debug("TLS handshake with \(stream.peer) failed: \(error)")
            return stream.close()
        }
        let connection = HTTPServerConnection(
            stream,
            peer: stream.peer,
            tls: stream.tls,
            limits: limits,
            seat: seat,
            handler: handler
        )
        watchdogs.insert(connection.reading)
        watchdogs.insert(connection.writing)
        await connection.run()
        watchdogs.remove(connection.reading)
        watchdogs.remove(connection.writing)
    }
}
