internal import Base
internal import Synchronization

/// Drives one HTTP/2 connection over a byte stream for any number of tasks.
public final class HTTP2Connection: Sendable {
    /// How a side finds out that the other is no longer there.
    public struct KeepAlive: Hashable, Sendable {
        /// Between two pings.
        public var interval = Duration.seconds(30)
        /// For the answer to a ping.
        public var patience = Duration.seconds(20)

        public init() {}
    }

    private struct State: ~Copyable {
        var session: HTTP2Session
        var streams: [Int32: WeakStream] = [:]
        /// Streams whose writers wait until what they queued has gone out.
        var waiting: [Int32] = []
        var failure: MeshError?
        var isGoingAway = false
    }

    private struct WeakStream: Sendable { weak var stream: HTTP2Stream? }

    private let transport: any ByteStream
    private let keepAlive: KeepAlive?
    private let state: Mutex<State>
    private let output = Signal()
    private let pong = Signal()
    private let hasPong = Atomic(false)

    public init(
        _ transport: any ByteStream,
        role: HTTP2Role,
        settings: HTTP2Settings = HTTP2Settings(),
        keepAlive: KeepAlive? = KeepAlive()
    ) {
        self.transport = transport
        self.keepAlive = keepAlive
        state = Mutex(State(session: HTTP2Session(role, settings: settings)))
    }

    /// Carries the connection until it ends, and closes it; cancelling the task ends it at once.
    ///
    /// - Parameter onRequest: Called on a task of its own for each request; the stream is reset if it is let go of
    ///   before it is over.
    /// - Throws: ``MeshError`` when the connection failed.
    public func run(onRequest: @escaping @Sendable (HTTP2Head, HTTP2Stream) async -> Void = { _, _ in }) async throws {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.readAll(onRequest) }
                group.addTask { try await self.writeAll() }
                if let keepAlive { group.addTask { try await self.ping(keepAlive) } }
                defer {
                    group.cancelAll()
                    transport.close()
                }
                try await group.next()
            }
            fail(MeshError(.unavailable, "the HTTP/2 connection was closed"))
        } catch {
            let failure = error as? MeshError ?? MeshError(.unavailable, "the HTTP/2 connection failed", cause: error)
            fail(failure)
            throw failure
        }
    }

    /// Whether new streams can begin.
    public var isUsable: Bool { state.withLock { $0.failure == nil && !$0.isGoingAway } }
    public var openStreams: Int { state.withLock { $0.session.openStreams } }

    /// Lets no new streams begin, and the connection end when those that have begun are over.
    public func shutDown() {
        state.withLock { state in
            state.isGoingAway = true
            state.session.shutDown()
        }
        output.signal()
    }

    /// Begins a request.
    public func request(_ head: HTTP2Head, isEnd: Bool = false) throws -> HTTP2Stream {
        defer { output.signal() }
        return try state.withLock { state throws in
            if let failure = state.failure { throw failure }
            if state.isGoingAway { throw MeshError(.unavailable, "the HTTP/2 connection is shutting down") }
            let stream = HTTP2Stream(try state.session.request(head, isEnd: isEnd), on: self)
            state.streams[stream.id] = WeakStream(stream: stream)
            return stream
        }
    }
}

extension HTTP2Connection {
    private func readAll(_ onRequest: @escaping @Sendable (HTTP2Head, HTTP2Stream) async -> Void) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while true {
                let bytes = try await transport.read(upTo: 65_536)
                if bytes.isEmpty { break }
                for (head, stream) in try receive(bytes) { group.addTask { await onRequest(head, stream) } }
                output.signal()
            }
            fail(MeshError(.unavailable, "the peer closed the HTTP/2 connection"))
            group.cancelAll()
        }
    }

    /// Hands what came to the streams; returns the new requests.
    private func receive(_ bytes: [UInt8]) throws -> [(HTTP2Head, HTTP2Stream)] {
        let (role, events) = try state.withLock { state throws in
            (state.session.role, try state.session.receive(bytes.span))
        }
        return handle(events, role)
    }

    private func handle(_ events: [HTTP2Event], _ role: HTTP2Role) -> [(HTTP2Head, HTTP2Stream)] {
        var requests: [(HTTP2Head, HTTP2Stream)] = []
        for event in events {
            switch event {
            case .head(let id, let head):
                if role == .server {
                    requests.append((head, begin(id, head)))
                } else {
                    stream(id)?.received(head)
                }
            case .data(let id, let data): receive(data, on: id)
            case .trailers(let id, let trailers): stream(id)?.received(.trailers(trailers))
            case .ended(let id): stream(id)?.ended()
            case .closed(let id, let code): closed(id, code)
            case .goAway: state.withLock { $0.isGoingAway = true }
            case .pingAcknowledged:
                hasPong.store(true, ordering: .relaxed)
                pong.signal()
            }
        }
        return requests
    }

    private func closed(_ id: Int32, _ code: UInt32) {
        stream(id)?.closed(code: code)
        state.withLock { _ = $0.streams.removeValue(forKey: id) }
    }

    private func begin(_ id: Int32, _ head: HTTP2Head) -> HTTP2Stream {
        let stream = HTTP2Stream(id, on: self)
        stream.received(head)
        state.withLock { $0.streams[id] = WeakStream(stream: stream) }
        return stream
    }

    private func receive(_ data: [UInt8], on id: Int32) {
        if let stream = stream(id) {
            stream.received(.data(data))
        } else {
            consumed(data.count, on: id)  // Nobody listens any more; the reset is on its way.
        }
    }

    private func stream(_ id: Int32) -> HTTP2Stream? { state.withLock { $0.streams[id]?.stream } }

    private func writeAll() async throws {
        var bytes: [UInt8] = []
        while true {
            bytes.removeAll(keepingCapacity: true)
            let (events, isFinished, waiting) = try state.withLock { state throws in
                let events = try state.session.takeOutput(into: &bytes)
                defer { state.waiting.removeAll() }
                return (events, state.session.isFinished, state.waiting.compactMap { state.streams[$0]?.stream })
            }
            for case .closed(let id, let code) in events { closed(id, code) }
            for stream in waiting { stream.departure.signal() }
            if bytes.isEmpty {
                if isFinished { return }
                await output.wait()
                if Task.isCancelled { throw MeshError(.cancelled, "the HTTP/2 connection was cancelled") }
            } else {
                try await transport.write(bytes)
            }
        }
    }

    private func ping(_ keepAlive: KeepAlive) async throws {
        while true {
            try await Task.sleep(for: keepAlive.interval)
            hasPong.store(false, ordering: .relaxed)
            state.withLock { $0.session.ping() }
            output.signal()
            let deadline = ContinuousClock.now + keepAlive.patience
            let timer = Task {
                try await Task.sleep(until: deadline)
                pong.signal()
            }
            defer { timer.cancel() }
            while !hasPong.load(ordering: .relaxed) {
                if .now >= deadline { throw MeshError(.timedOut, "the peer does not answer HTTP/2 pings") }
                await pong.wait()
                try Task.checkCancellation()
            }
        }
    }

    /// Ends all streams for that reason; none can begin any more.
    private func fail(_ failure: MeshError) {
        let streams = state.withLock { state in
            state.failure = state.failure ?? failure
            return state.streams.values.compactMap(\.stream)
        }
        for stream in streams { stream.failed(failure) }
    }
}

extension HTTP2Connection {
    func consumed(_ count: Int, on stream: Int32) {
        state.withLock { $0.session.consumed(count, on: stream) }
        output.signal()
    }

    /// Whether so much of the stream's data is queued that its writer should wait for its next departure.
    func mustWait(_ stream: Int32) -> Bool {
        state.withLock { state in
            if state.session.pendingOctets(of: stream) <= 65_536 { return false }
            state.waiting.append(stream)
            return true
        }
    }

    func respond(_ head: HTTP2Head, on stream: Int32, isEnd: Bool) throws {
        try state.withLock { state throws in try state.session.respond(head, on: stream, isEnd: isEnd) }
        output.signal()
    }

    func send(_ bytes: [UInt8], on stream: Int32, isEnd: Bool) {
        state.withLock { $0.session.send(bytes.span, on: stream, isEnd: isEnd) }
        output.signal()
    }

    func sendTrailers(_ trailers: HTTPFields, on stream: Int32) throws {
        try state.withLock { state throws in try state.session.sendTrailers(trailers, on: stream) }
        output.signal()
    }

    func reset(_ stream: Int32, code: UInt32) {
        state.withLock { $0.session.reset(stream, code: code) }
        output.signal()
    }

    /// Nobody holds the stream any more; if it is not over, it is now.
    func forget(_ stream: Int32) {
        state.withLock { state in
            if state.streams.removeValue(forKey: stream) != nil { state.session.abandon(stream) }
        }
        output.signal()
    }
}
