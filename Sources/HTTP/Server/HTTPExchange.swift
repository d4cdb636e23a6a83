public import Base
internal import Synchronization
public import TLS

/// One request and the answer to it, as a server's handler sees them.
///
/// One task may read the body while another writes the answer; more than one of a kind must not.
public final class HTTPExchange: Sendable {
    private enum Answer: Sendable {
        case none
        case streaming(Framing)
        case complete
        case upgraded
        /// Writing failed, or the answer was left half done: the connection is of no more use.
        case broken
    }

    private enum Framing: Sendable { case chunked, plain, noBody }

    private struct State: Sendable {
        var answer = Answer.none
        var owesContinue: Bool
        var keepsAlive: Bool
    }

    public let request: HTTPRequestHead
    /// Who asks.
    public let peer: SocketAddress
    /// What the TLS handshake agreed on; nil in plain text.
    public let tls: TLSInfo?
    private let isHTTP10: Bool
    private let connection: HTTPServerConnection
    private let state: Mutex<State>

    init(_ head: HTTP1Head, on connection: HTTPServerConnection) {
        request = HTTPRequestHead(head)
        peer = connection.peer
        tls = connection.tls
        isHTTP10 = head.version == .http10
        self.connection = connection
        state = Mutex(State(owesContinue: head.expectsContinue, keepsAlive: head.keepsAlive))
    }

    /// The next piece of the request's body, never empty; nil after the last.
    public func nextBodyChunk() async throws -> [UInt8]? {
        let owesContinue = state.withLock { state in
            defer { state.owesContinue = false }
            guard case .none = state.answer else { return false }
            return state.owesContinue && !connection.input.isBodyComplete
        }
        if owesContinue { try await connection.write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
        return try await connection.nextBodyChunk()
    }

    /// The whole body.
    ///
    /// - Throws: ``HTTPFailure`` with status 413 when it has more than `limit` octets.
    public func readBody(limit: Int) async throws -> [UInt8] {
        let tooLarge = HTTPFailure(413, "the request body has more than \(limit) octets")
        if let length = request.fields["Content-Length"].flatMap({ Int($0) }), length > limit { throw tooLarge }
        var body: [UInt8] = []
        while let chunk = try await nextBodyChunk() {
            if body.count + chunk.count > limit { throw tooLarge }
            if body.isEmpty { body = chunk } else { body += chunk }
        }
        return body
    }

    /// Answers with a whole body, the length of which is added to the fields.
    public func respond(_ head: HTTPResponseHead, body: [UInt8] = []) async throws {
        var head = head
        head.fields["Transfer-Encoding"] = nil
        // An answer to HEAD may tell the length of the body that it leaves out.
        if !head.hasNoBody, !(request.method == "HEAD" && body.isEmpty && head.fields["Content-Length"] != nil) {
            head.fields["Content-Length"] = "\(body.count)"
        }
        var bytes = try start(head, .complete)
        if !head.hasNoBody && request.method != "HEAD" { bytes += body }
        try await send(bytes)
    }

    /// Begins an answer whose body is written piece by piece.
    ///
    /// The body is sent in chunks, or plainly if the fields declare a Content-Length.
    public func begin(_ head: HTTPResponseHead) async throws {
        var head = head
        head.fields["Transfer-Encoding"] = nil
        var framing = Framing.chunked
        if head.hasNoBody || request.method == "HEAD" {
            framing = .noBody
        } else if head.fields["Content-Length"] != nil {
            framing = .plain
        } else if isHTTP10 {
            framing = .plain
            state.withLock { $0.keepsAlive = false }
        } else {
            head.fields["Transfer-Encoding"] = "chunked"
        }
        try await send(try start(head, .streaming(framing)))
    }

    /// Sends the next piece of the body; returns when the kernel has it.
    public func write(_ bytes: [UInt8]) async throws {
        switch state.withLock({ $0.answer }) {
        case .none, .complete, .upgraded: preconditionFailure("a piece of a body outside of a streamed response")
        case .broken: throw MeshError(.unavailable, "the connection from \(peer) is gone")
        case .streaming(.noBody): return
        case .streaming(.plain): try await send(bytes)
        case .streaming(.chunked):
            var chunk: [UInt8] = []
            chunk.reserveCapacity(bytes.count + 20)
            ChunkWriter.chunk(bytes.span, to: &chunk)
            if !chunk.isEmpty { try await send(chunk) }
        }
    }

    /// Ends the body.
    public func end() async throws {
        guard case .streaming(let framing) = state.withLock({ $0.answer }) else { return }
        state.withLock { $0.answer = .complete }
        if case .chunked = framing { try await send(Array("0\r\n\r\n".utf8)) }
    }

    /// Switches protocols: sends `head`, usually with status 101, and hands the connection over.
    ///
    /// It is closed when the handler returns.
    public func upgrade(_ head: HTTPResponseHead) async throws -> HTTPUpgradedConnection {
        let bytes = try start(head, .upgraded)
        try await send(bytes)
        return HTTPUpgradedConnection(connection.stream, leading: connection.input.takeUnreadOctets())
    }

    /// Returns when the client has gone away or the task is cancelled; the body must have been read.
    public func waitForDisconnect() async { await connection.input.waitForEnd() }

    /// Runs `body` and cancels it when the client goes away: what a watch needs.
    public func whileConnected(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(operation: body)
            group.addTask { await self.waitForDisconnect() }
            try await group.next()
            group.cancelAll()
        }
    }
}

extension HTTPExchange {
    private func start(_ head: HTTPResponseHead, _ answer: Answer) throws -> [UInt8] {
        var head = head
        let keepsAlive = state.withLock { state in
            guard case .none = state.answer else { preconditionFailure("a second response to one request") }
            state.answer = answer
            if head.fields.lists("close", in: "Connection") { state.keepsAlive = false }
            return state.keepsAlive
        }
        if case .upgraded = answer {
            // The fields say what becomes of the connection.
        } else if !keepsAlive {
            head.fields["Connection"] = "close"
        } else if isHTTP10 {
            head.fields["Connection"] = "keep-alive"
        }
        var bytes: [UInt8] = []
        do {
            try head.write(to: &bytes)
        } catch {
            state.withLock { $0.answer = .none }
            throw error
        }
        return bytes
    }

    private func send(_ bytes: [UInt8]) async throws {
        do {
            try await connection.write(bytes)
        } catch {
            state.withLock { $0.answer = .broken }
            throw error
        }
    }

    /// Answers a request whose handler threw; throws itself when it is too late for that.
    func fail(_ error: any Error) async throws {
        guard case .none = state.withLock({ $0.answer }) else { throw error }
        let failure: HTTPFailure
        switch error {
        case let error as HTTPFailure: failure = error
        case let error as HTTP1Error:
            failure = HTTPFailure(error.status, error.description)
            state.withLock { $0.keepsAlive = false }
        case is CancellationError: throw error
        case let error as MeshError where error.code == .cancelled: throw error
        default:
            HTTPServerConnection.log.error("\(request.method) \(request.path) from \(peer): \(error)")
            failure = HTTPFailure(500, "internal error")
        }
        let head = HTTPResponseHead(failure.status, fields: ["Content-Type": "text/plain; charset=utf-8"])
        try await respond(head, body: Array("\(failure.message)\n".utf8))
    }

    /// Completes the exchange after its handler; false when the connection must be closed.
    func finish() async throws -> Bool {
        switch state.withLock({ $0.answer }) {
        case .none: try await fail(HTTPFailure(500, "the server has no answer"))
        case .streaming: try await end()
        case .complete: break
        case .upgraded, .broken: return false
        }
        let (keepsAlive, owesContinue) = state.withLock { ($0.keepsAlive, $0.owesContinue) }
        if !keepsAlive { return false }
        // Without "100 Continue" the client may or may not send the body: nobody could tell.
        if owesContinue { return connection.input.isBodyComplete }
        return try await connection.discardBody()
    }
}
