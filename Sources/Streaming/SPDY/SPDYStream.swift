internal import Synchronization

/// One stream that the client opened.
final class SPDYStream: Sendable {
    let id: UInt32
    private let headers: [String: String]
    /// What the client sent and nobody has read yet.
    let incoming = BoundedQueue<[UInt8]>(capacity: 256 * 1024)
    private let session: SPDYSession
    private let hasEnded = Mutex(false)

    init(id: UInt32, headers: SPDYHeaders, session: SPDYSession) {
        self.id = id
        self.headers = Dictionary(headers.map { ($0.name, $0.value) }) { first, _ in first }
        self.session = session
    }

    /// The value of a header, by its name in lower case.
    func header(_ name: String) -> String? { headers[name] }

    /// What the client sent next; nil when it has finished.
    func read() async throws -> [UInt8]? { try await incoming.next() }

    func write(_ bytes: [UInt8]) async throws {
        for start in stride(from: 0, to: bytes.count, by: 65_536) {
            let piece = Array(bytes[start..<min(start + 65_536, bytes.count)])
            try await session.send(SPDYFrame.data(stream: id, isLast: false, piece))
        }
    }

    /// Tells the client that nothing more will be written; does nothing the second time.
    func finishWriting() async throws {
        if hasEnded.withLock({ ended in
            defer { ended = true }
            return ended
        }) {
            return
        }
        try await session.send(SPDYFrame.data(stream: id, isLast: true, []))
    }

    /// Gives up both directions (RST_STREAM, CANCEL).
    func reset() async throws {
        hasEnded.withLock { $0 = true }
        session.forget(id)
        try await session.send(SPDYFrame.reset(stream: id, status: 5))
    }

    /// Lets the session forget the stream: what the client still sends on it is dropped.
    func forget() {
        session.forget(id)
        incoming.finish()
    }
}
