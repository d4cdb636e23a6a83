internal import Base
internal import HTTP
internal import Network
internal import TLS

/// One connection of a server: its calls are handed to their handlers.
struct GRPCServerConnection: Sendable {
    private static let log = Log("grpc")

    let peer: SocketAddress
    let handlers: [String: GRPCServer.Handler]
    let configuration: GRPCServer.Configuration
    /// Kept while there are calls; nil when no server counts the connection.
    var seat: ConnectionSeat?

    /// Completes the TLS handshake, then serves.
    func run(_ stream: AsyncConnection) async {
        do {
            try await withTimeLimit(configuration.handshakePatience, "the TLS handshake") {
                try await stream.finishHandshake()
            }
        } catch {
            Self.log.debug("TLS handshake with \(peer) failed: \(error)")
            return stream.close()
        }
        await run(stream, tls: stream.tls)
    }

    func run(_ transport: any ByteStream, tls: TLSInfo?) async {
        var settings = HTTP2Settings()
        settings.concurrentStreams = configuration.concurrentCalls
        let connection = HTTP2Connection(
            transport,
            role: .server,
            settings: settings,
            keepAlive: configuration.keepAlive
        )
        do {
            try await connection.run { head, stream in
                guard let seat else { return await serve(head, stream, tls) }
                await seat.keep { await serve(head, stream, tls) }
            }
        } catch {
            Self.log.debug("connection from \(peer) ended: \(error)")
        }
    }

    private func serve(_ head: HTTP2Head, _ stream: HTTP2Stream, _ tls: TLSInfo?) async {
        let call = GRPCCall(head, stream, peer: peer, tls: tls, messageLimit: configuration.messageLimit)
        do {
            guard head.method == "POST", head.fields["content-type"]?.hasPrefix("application/grpc") ?? false else {
                return try stream.respond(HTTP2Head(status: 415), isEnd: true)
            }
            try call.finish(await status(of: call))
        } catch {
            Self.log.debug("\(call.path) from \(peer) could not be answered: \(error)")
        }
    }

    private func status(of call: GRPCCall) async -> GRPCStatus {
        guard let handler = handlers[call.path] else {
            return GRPCStatus(.unimplemented, "unknown method \(call.path)")
        }
        do {
            try await run(handler, call)
            return GRPCStatus(.ok, "")
        } catch let status as GRPCStatus {
            return status
        } catch let error as MeshError where error.code == .cancelled {
            return GRPCStatus(.cancelled, "the call was cancelled")
        } catch is CancellationError {
            return GRPCStatus(.cancelled, "the call was cancelled")
        } catch {
            Self.log.warn("\(call.path) from \(peer) failed: \(error)")
            return GRPCStatus(.internal, "internal error")
        }
    }

    private func run(_ handler: @escaping GRPCServer.Handler, _ call: GRPCCall) async throws {
        guard let deadline = call.deadline else { return try await handler(call) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await handler(call) }
            group.addTask {
                try await Task.sleep(until: deadline)
                throw GRPCStatus(.deadlineExceeded, "the deadline of the call has passed")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
