internal import Base
public import HTTP
internal import Synchronization

/// The server's side of `kubectl port-forward`: connections into a pod, several over one.
///
/// Over SPDY, which newer clients wrap into a WebSocket.
public enum PortForward {
    private static let streamProtocol = "portforward.k8s.io"
    private static let tunnelProtocol = "SPDY/3.1+portforward.k8s.io"

    /// Accepts the upgrade and runs `body` for each connection that the user's side opens, several at a time.
    ///
    /// - Throws: ``HTTPFailure`` when the request is no upgrade that is spoken here; nothing has been answered then.
    public static func serve(
        _ exchange: HTTPExchange,
        _ body: @escaping @Sendable (ForwardedConnection) async -> Void
    ) async throws {
        let session: SPDYSession
        if WebSocket.isRequested(by: exchange.request) {
            session = SPDYSession(
                WebSocketByteStream(try await WebSocket.accept(exchange, subprotocols: [tunnelProtocol]))
            )
        } else if SPDYSession.isRequested(by: exchange.request) {
            session = try await SPDYSession.accept(exchange, protocols: [streamProtocol]).session
        } else {
            throw HTTPFailure(400, "unable to upgrade: ask for an upgrade to websocket or SPDY/3.1")
        }
        try await run(session, body)
    }

    static func run(
        _ session: SPDYSession,
        _ body: @escaping @Sendable (ForwardedConnection) async -> Void
    ) async throws {
        defer { session.close() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await session.run() }
            group.addTask {
                await withDiscardingTaskGroup { connections in
                    var pairs = StreamPairs()
                    while let stream = try? await session.accepted.next() {
                        guard let connection = pairs.add(stream) else { continue }
                        connections.addTask {
                            await body(connection)
                            await connection.finish()
                        }
                    }
                    connections.cancelAll()
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

/// Joins the two streams of each connection, which name the same request.
private struct StreamPairs {
    /// The most connections of which only one stream is there.
    private static let limit = 64
    private var waiting: [String: SPDYStream] = [:]

    /// The connection that `stream` completes; nil when it is the first of its two, or makes no sense.
    mutating func add(_ stream: SPDYStream) -> ForwardedConnection? {
        let request = stream.header("requestid") ?? ""
        guard let type = stream.header("streamtype"), type == "data" || type == "error",
            let port = stream.header("port").flatMap({ UInt16($0) }), port > 0
        else { return refuse(stream) }
        let key = "\(request)/\(port)"
        guard let other = waiting.removeValue(forKey: key) else {
            if waiting.count >= Self.limit { return refuse(stream) }
            waiting[key] = stream
            return nil
        }
        guard other.header("streamtype") != type else { return refuse(stream) }
        return ForwardedConnection(
            port: port,
            data: type == "data" ? stream : other,
            error: type == "error" ? stream : other
        )
    }

    private func refuse(_ stream: SPDYStream) -> ForwardedConnection? {
        Task { try await stream.reset() }
        return nil
    }
}

/// One connection of the user's to a port of the pod.
public final class ForwardedConnection: Sendable {
    /// The port in the pod.
    public let port: UInt16
    private let data: SPDYStream
    private let error: SPDYStream

    init(port: UInt16, data: SPDYStream, error: SPDYStream) {
        (self.port, self.data, self.error) = (port, data, error)
    }

    /// What the user's side sent; empty when it has finished.
    public func read() async throws -> [UInt8] { try await data.read() ?? [] }
    /// Sends what the pod's side said.
    public func write(_ bytes: [UInt8]) async throws { try await data.write(bytes) }
    /// The pod's side has finished.
    public func finishWriting() async throws { try await data.finishWriting() }

    /// Tells the user why there is no connection.
    public func fail(_ message: String) async throws {
        try await error.write(Array(message.utf8))
        try await error.finishWriting()
    }

    fileprivate func finish() async {
        // Whatever cannot be sent now has nobody left to read it.
        try? await data.finishWriting()
        try? await error.finishWriting()
        data.forget()
        error.forget()
    }
}
