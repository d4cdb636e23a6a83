internal import Base
internal import Synchronization

/// One request and its response over HTTP/2, as a task sees them; one task may read while another writes.
public final class HTTP2Stream: Sendable {
    /// What comes after the head.
    public enum Part: Hashable, Sendable {
        /// Never empty.
        case data([UInt8])
        case trailers(HTTPFields)
    }

    private struct State: Sendable {
        var head: HTTP2Head?
        var parts: [Part] = []
        /// Nothing more will come.
        var hasEnded = false
        /// Why the stream is over; 0 when both sides said all they had to say.
        var closeCode: UInt32?
        var failure: MeshError?
    }

    public let id: Int32
    private let connection: HTTP2Connection
    private let state = Mutex(State())
    private let arrival = Signal()
    /// Signalled when queued data has gone out.
    let departure = Signal()

    init(_ id: Int32, on connection: HTTP2Connection) {
        self.id = id
        self.connection = connection
    }

    deinit { connection.forget(id) }

    /// Waits for the head of the response.
    public func head() async throws -> HTTP2Head {
        while true {
            let (head, failure) = state.withLock { ($0.head, Self.failure($0)) }
            if let head { return head }
            if let failure { throw failure }
            try await wait(arrival)
        }
    }

    /// Waits for the next part; nil when the peer has said all it had to say.
    ///
    /// Only what is taken from here lets the peer send more.
    public func next() async throws -> Part? {
        while true {
            let (part, failure, hasEnded) = state.withLock { state in
                (state.parts.isEmpty ? nil : state.parts.removeFirst(), Self.failure(state), state.hasEnded)
            }
            if let part {
                if case .data(let bytes) = part { connection.consumed(bytes.count, on: id) }
                return part
            }
            if hasEnded { return nil }
            if let failure { throw failure }
            try await wait(arrival)
        }
    }

    /// Sends the head of the response.
    public func respond(_ head: HTTP2Head, isEnd: Bool = false) throws {
        try connection.respond(head, on: id, isEnd: isEnd)
    }

    /// Sends data; waits while more than a little is queued before it.
    public func write(_ bytes: [UInt8], isEnd: Bool = false) async throws {
        while connection.mustWait(id) {
            if let failure = state.withLock({ Self.failure($0) }) { throw failure }
            try await wait(departure)
        }
        if let failure = state.withLock({ Self.failure($0) }) { throw failure }
        connection.send(bytes, on: id, isEnd: isEnd)
    }

    /// Ends our side with trailers.
    public func finish(_ trailers: HTTPFields) throws { try connection.sendTrailers(trailers, on: id) }

    /// Ends both sides at once.
    public func reset(code: UInt32 = HTTP2Code.cancel) { connection.reset(id, code: code) }

    /// The code with which the stream was closed; nil while it is open.
    public var closeCode: UInt32? { state.withLock { $0.closeCode } }

    private func wait(_ signal: Signal) async throws {
        await signal.wait()
        if Task.isCancelled { throw MeshError(.cancelled, "the task was cancelled") }
    }

    private static func failure(_ state: borrowing State) -> MeshError? {
        if let failure = state.failure { return failure }
        guard let code = state.closeCode, code != 0 || !state.hasEnded else { return nil }
        if code == HTTP2Code.cancel { return MeshError(.cancelled, "the peer cancelled the stream") }
        return MeshError(.unavailable, "the peer reset the stream (HTTP/2 error code \(code))")
    }

    func received(_ head: HTTP2Head) { change { $0.head = head } }
    func received(_ part: Part) { change { $0.parts.append(part) } }
    func ended() { change { $0.hasEnded = true } }

    func closed(code: UInt32) {
        change { $0.closeCode = code }
        departure.signal()
    }

    func failed(_ failure: MeshError) {
        change { $0.failure = $0.failure ?? failure }
        departure.signal()
    }

    private func change(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
        arrival.signal()
    }
}
