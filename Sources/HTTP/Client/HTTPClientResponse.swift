internal import Base
internal import Synchronization

/// A response whose body is read piece by piece; letting go of it before the end closes the connection.
public final class HTTPClientResponse: Sendable {
    public let head: HTTPResponseHead
    private let connection: HTTPClientConnection
    /// Taken when the body is complete; gives the connection back.
    private let completion: Mutex<(@Sendable () -> Void)?>

    init(_ head: HTTP1Head, _ connection: HTTPClientConnection, completion: @escaping @Sendable () -> Void) {
        self.head = HTTPResponseHead(head)
        self.connection = connection
        self.completion = Mutex(completion)
    }

    deinit { close() }

    /// The next piece of the body, never empty; nil after the last.
    public func nextBodyChunk() async throws -> [UInt8]? {
        do {
            let chunk = try await connection.input.nextBodyChunk()
            if chunk == nil { finishIfComplete() }
            return chunk
        } catch {
            close()
            throw HTTPClient.translated(error, connection.origin)
        }
    }

    /// The rest of the body.
    ///
    /// - Parameter patience: For all of it; nil waits forever.
    /// - Throws: ``MeshError``: `protocolViolation` when it has more than `limit` octets.
    public func collectBody(limit: Int = 64 << 20, patience: Duration? = .seconds(60)) async throws -> [UInt8] {
        let origin = connection.origin
        return try await Deadline(connection.stream).during(patience, "\(origin) did not finish its response in time") {
            var body: [UInt8] = []
            while let chunk = try await nextBodyChunk() {
                if body.count + chunk.count > limit {
                    close()
                    throw MeshError(.protocolViolation, "the response of \(origin) has more than \(limit) octets")
                }
                if body.isEmpty { body = chunk } else { body += chunk }
            }
            return body
        }
    }

    /// The fields after a chunked body, once it was read.
    public var trailers: HTTPFields { connection.input.trailers }

    /// Ends the response: the connection is closed unless the body was read to its end.
    public func close() {
        if completion.withLock({ $0.take() }) != nil { connection.stream.close() }
    }

    func finishIfComplete() {
        guard connection.input.isBodyComplete else { return }
        completion.withLock { $0.take() }?()
    }
}
