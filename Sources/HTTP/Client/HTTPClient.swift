internal import Base
internal import Network
internal import Synchronization
public import TLS

/// Requests to one server over HTTP/1.1; keeps connections that may carry another request.
public final class HTTPClient: Sendable {
    public struct Configuration: Sendable {
        /// For a connection, its TLS handshake included.
        public var connectPatience = Duration.seconds(10)
        /// From the request's first octet to the end of the response's head; nil waits forever.
        public var responsePatience: Duration? = .seconds(60)
        /// Connections kept for later.
        public var idleConnections = 8
        /// How long one is kept; less than servers wait, so that it is seldom closed under our hands.
        public var idlePatience = Duration.seconds(60)
        public var message = HTTP1Limits()

        public init() {}
    }

    private struct Idle: Sendable {
        let connection: HTTPClientConnection
        let since: ContinuousClock.Instant
    }

    /// The server's name in error messages, such as `https://127.0.0.1:6443`.
    let origin: String
    private let authority: String
    private let configuration: Configuration
    private let open: @Sendable () async throws -> any ByteStream
    private let idle = Mutex<[Idle]>([])

    init(
        origin: String,
        authority: String,
        configuration: Configuration,
        open: @escaping @Sendable () async throws -> any ByteStream
    ) {
        self.origin = origin
        self.authority = authority
        self.configuration = configuration
        self.open = open
    }

    /// - Parameters:
    ///   - host: A name or an address.
    ///   - tls: nil for plain text.
    ///   - serverName: The name that the server's certificate must have, if not `host`.
    public convenience init(
        host: String,
        port: UInt16,
        tls: TLSClientContext? = nil,
        serverName: String? = nil,
        configuration: Configuration = Configuration()
    ) {
        let name = host.contains(":") ? "[\(host)]" : host
        let isDefaultPort = port == (tls == nil ? 80 : 443)
        let authority = isDefaultPort ? name : "\(name):\(port)"
        self.init(
            origin: "\(tls == nil ? "http" : "https")://\(authority)",
            authority: authority,
            configuration: configuration
        ) {
            try await AsyncConnection.connect(
                host: host,
                port: port,
                tls: tls,
                serverName: serverName,
                timeout: configuration.connectPatience
            )
        }
    }

    deinit { close() }

    /// Closes the connections that are idle; those in use go on.
    public func close() {
        let connections = idle.withLock { idle in
            defer { idle = [] }
            return idle
        }
        for idle in connections { idle.connection.stream.close() }
    }

    /// Sends a request and waits for the head of its response; `Host` and `Content-Length` are added where missing.
    ///
    /// A request that may be repeated is sent once more when a kept connection turns out to be closed.
    ///
    /// - Parameter isRepeatable: Whether it may be repeated though its method does not say so.
    /// - Throws: ``MeshError``: `unavailable` when the server cannot be reached or hangs up, `timedOut`,
    ///   `protocolViolation` when it does not speak HTTP, `cancelled`.
    public func send(
        _ head: HTTPRequestHead,
        body: [UInt8] = [],
        isRepeatable: Bool = false
    ) async throws -> HTTPClientResponse {
        let request = try serialized(head, body)
        let method = HTTPMethod(head.method)
        while let connection = takeIdle() {
            do {
                return try await response(to: request, method, on: connection)
            } catch is HTTPClientConnection.Stale {
                if isRepeatable || method.isIdempotent { continue }
                throw MeshError(.unavailable, "\(origin) closed the connection instead of answering")
            }
        }
        return try await response(to: request, method, on: connect())
    }

    /// Asks the server to switch protocols, on a connection of its own.
    ///
    /// - Throws: ``HTTPFailure`` with the server's status and words when it answers but does not switch.
    public func upgrade(_ head: HTTPRequestHead) async throws -> (HTTPResponseHead, HTTPUpgradedConnection) {
        let request = try serialized(head, [])
        let connection = try await connect()
        let method = HTTPMethod(head.method)
        let answer = try await translated(connection) {
            try await connection.exchange(request, method, patience: configuration.responsePatience)
        }
        if answer.framing == .tunnel {
            let leading = connection.input.takeUnreadOctets()
            return (HTTPResponseHead(answer), HTTPUpgradedConnection(connection.stream, leading: leading))
        }
        let response = HTTPClientResponse(answer, connection) { connection.stream.close() }
        let body = (try? await response.collectBody(limit: 65_536)) ?? []  // The status says enough without it.
        throw HTTPFailure(answer.status, String(decoding: body, as: UTF8.self))
    }

    private func serialized(_ head: HTTPRequestHead, _ body: [UInt8]) throws -> [UInt8] {
        var head = head
        if head.fields["Host"] == nil { head.fields["Host"] = authority }
        let expectsBody = ["POST", "PUT", "PATCH"].contains(head.method)
        if !body.isEmpty || expectsBody { head.fields["Content-Length"] = "\(body.count)" }
        var bytes: [UInt8] = []
        try head.write(to: &bytes)
        return bytes + body
    }

    private func response(
        to request: [UInt8],
        _ method: HTTPMethod,
        on connection: HTTPClientConnection
    ) async throws -> HTTPClientResponse {
        let head = try await translated(connection) {
            try await connection.exchange(request, method, patience: configuration.responsePatience)
        }
        let mayKeep = head.keepsAlive && head.framing != .tunnel
        let response = HTTPClientResponse(head, connection) { [weak self] in
            guard mayKeep, let self, !connection.input.hasUnreadOctets else { return connection.stream.close() }
            connection.isUsed = true
            keep(connection)
        }
        response.finishIfComplete()
        return response
    }

    /// Runs `body` and closes the connection if it throws, in words for people.
    private func translated<Result>(
        _ connection: HTTPClientConnection,
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch {
            connection.stream.close()
            throw HTTPClient.translated(error, origin)
        }
    }

    static func translated(_ error: any Error, _ origin: String) -> any Error {
        switch error {
        case HTTP1Error.truncated:
            MeshError(.unavailable, "\(origin) closed the connection in the middle of a response")
        case let error as HTTP1Error: MeshError(.protocolViolation, "\(origin) does not speak HTTP/1.1", cause: error)
        case is MeshError, is HTTPClientConnection.Stale: error
        case is CancellationError: MeshError(.cancelled, "the request to \(origin) was cancelled")
        default: MeshError(.unavailable, "the connection to \(origin) failed", cause: error)
        }
    }

    private func connect() async throws -> HTTPClientConnection {
        do {
            return HTTPClientConnection(try await open(), origin: origin, limits: configuration.message)
        } catch let error as MeshError {
            throw error
        } catch {
            throw MeshError(.unavailable, "cannot connect to \(origin)", cause: error)
        }
    }

    private func takeIdle() -> HTTPClientConnection? {
        let oldest = ContinuousClock.now - configuration.idlePatience
        let (fresh, useless) = idle.withLock { idle in
            var useful: [Idle] = []
            var useless: [Idle] = []
            for one in idle {
                if one.since < oldest || one.connection.stream.isOver {
                    useless.append(one)
                } else {
                    useful.append(one)
                }
            }
            idle = useful
            return (idle.popLast(), useless)
        }
        for idle in useless { idle.connection.stream.close() }
        return fresh?.connection
    }

    private func keep(_ connection: HTTPClientConnection) {
        let surplus = idle.withLock { idle in
            idle.append(Idle(connection: connection, since: .now))
            return idle.count > configuration.idleConnections ? idle.removeFirst() : nil
        }
        surplus?.connection.stream.close()
    }
}
