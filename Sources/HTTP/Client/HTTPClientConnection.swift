internal import Base
internal import Synchronization

/// One connection of a client: one request and its response at a time.
final class HTTPClientConnection: Sendable {
    /// A kept connection that the server had closed before it began to answer.
    struct Stale: Error {}

    let stream: any ByteStream
    let input: HTTP1Input
    let origin: String
    private let used = Atomic(false)

    init(_ stream: any ByteStream, origin: String, limits: HTTP1Limits) {
        self.stream = stream
        self.origin = origin
        input = HTTP1Input(stream, limits: limits)
    }

    /// Whether it has carried a request before.
    var isUsed: Bool {
        get { used.load(ordering: .relaxed) }
        set { used.store(newValue, ordering: .relaxed) }
    }

    /// Sends a request and returns the head of the final response to it.
    func exchange(_ request: [UInt8], _ method: HTTPMethod, patience: Duration?) async throws -> HTTP1Head {
        try await Deadline(stream).during(patience, "\(origin) did not answer in time") {
            do {
                try await stream.write(request)
            } catch let writeError {
                // It may have refused early, and closed: then the answer is there to be read.
                guard let head = try? await finalHead(method) else {
                    throw isUsed ? Stale() : writeError
                }
                return head
            }
            return try await finalHead(method)
        }
    }

    private func finalHead(_ method: HTTPMethod) async throws -> HTTP1Head {
        var hasBegun = false
        while true {
            do {
                guard let head = try await input.nextHead(.response(to: method), began: { hasBegun = true }) else {
                    throw MeshError(.unavailable, "\(origin) closed the connection instead of answering")
                }
                // What comes before the final response is of no interest but for a switch of protocols.
                if head.status >= 200 || head.status == 101 { return head }
            } catch let error as MeshError where error.code == .cancelled {
                throw error
            } catch {
                throw isUsed && !hasBegun ? Stale() : error
            }
        }
    }
}
