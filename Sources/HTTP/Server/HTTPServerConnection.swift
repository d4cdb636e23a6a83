internal import Base
internal import TLS

/// One connection of a server: requests and their answers, one after the other.
final class HTTPServerConnection: Sendable {
    static let log = Log("http")

    let stream: any ByteStream
    let input: HTTP1Input
    let peer: SocketAddress
    let tls: TLSInfo?
    let reading: Watchdog
    let writing: Watchdog
    private let limits: HTTPServerLimits
    private let seat: ConnectionSeat?
    private let handler: @Sendable (HTTPExchange) async throws -> Void

    /// - Parameter seat: Kept while the handler answers; nil when no server counts the connection.
    init(
        _ stream: any ByteStream,
        peer: SocketAddress,
        tls: TLSInfo? = nil,
        limits: HTTPServerLimits,
        seat: ConnectionSeat? = nil,
        handler: @escaping @Sendable (HTTPExchange) async throws -> Void
    ) {
        self.stream = stream
        self.peer = peer
        self.tls = tls
        self.limits = limits
        self.seat = seat
        self.handler = handler
        input = HTTP1Input(stream, limits: limits.message)
        reading = Watchdog { stream.close() }
        writing = Watchdog { stream.close() }
    }

    /// Serves until either side has had enough; closes the connection.
    func run() async {
        defer { stream.close() }
        do {
            // A new connection must say something soon; later it may rest.
            var patience = limits.headPatience
            while try await serveNext(within: patience) { patience = limits.idlePatience }
            try await linger()
        } catch let error as HTTP1Error {
            try? await refuse(error)  // The client may be gone; then there is nobody to tell.
        } catch {
            // Reading or writing failed, or the handler gave up in the middle: the client sees the connection end.
            Self.log.debug("connection from \(peer) ended: \(error)")
        }
    }

    private func serveNext(within patience: Duration) async throws -> Bool {
        reading.start(patience)
        defer { reading.stop() }
        guard
            let head = try await input.nextHead(
                .request,
                began: { reading.start(limits.headPatience) }
            )
        else { return false }
        reading.stop()
        let exchange = HTTPExchange(head, on: self)
        do {
            try await answer(exchange)
        } catch {
            try await exchange.fail(error)
        }
        return try await exchange.finish()
    }

    private func answer(_ exchange: HTTPExchange) async throws {
        guard let seat else { return try await handler(exchange) }
        try await seat.keep { try await handler(exchange) }
    }

    func write(_ bytes: [UInt8]) async throws {
        try await writing.during(limits.writePatience) { try await stream.write(bytes) }
    }

    func nextBodyChunk() async throws -> [UInt8]? {
        try await reading.during(limits.bodyPatience) { try await input.nextBodyChunk() }
    }

    /// Reads what the handler left of the body; false when it is too much.
    func discardBody() async throws -> Bool {
        var rest = limits.discardedOctets
        while !input.isBodyComplete {
            guard let chunk = try await nextBodyChunk() else { return true }
            rest -= chunk.count
            if rest < 0 { return false }
        }
        return true
    }

    private func refuse(_ error: HTTP1Error) async throws {
        let body = Array("\(error)\n".utf8)
        let head = HTTPResponseHead(
            error.status,
            fields: [
                "Content-Type": "text/plain; charset=utf-8", "Content-Length": "\(body.count)", "Connection": "close",
            ]
        )
        var bytes: [UInt8] = []
        try head.write(to: &bytes)
        try await write(bytes + body)
        try await linger()
    }

    /// Ends our side and waits a moment for the client's, because closing with unread octets resets the connection and
    /// could take the last answer from the client (RFC 9112 §9.6).
    private func linger() async throws {
        try await stream.shutdownWrite()
        reading.start(.seconds(2))
        defer { reading.stop() }
        var rest = limits.discardedOctets
        while rest > 0 {
            let bytes = try await stream.read(upTo: 65_536)
            if bytes.isEmpty { return }
            rest -= bytes.count
        }
    }
}
