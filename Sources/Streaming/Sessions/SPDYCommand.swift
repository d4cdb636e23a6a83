internal import Base
internal import HTTP
internal import Network
internal import Synchronization

/// A remote command with a SPDY stream for each of its streams.
final class SPDYCommand: RemoteCommandSession {
    private static let protocols = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"]

    private let session: SPDYSession
    private let version: String
    private let streams: RemoteCommand.Streams
    private let found = Mutex<[String: SPDYStream]>([:])
    private let input = BoundedQueue<RemoteCommand.Input>(capacity: 1 << 20)

    private init(_ session: SPDYSession, _ version: String, _ streams: RemoteCommand.Streams) {
        (self.session, self.version, self.streams) = (session, version, streams)
    }

    static func accept(_ exchange: HTTPExchange, _ streams: RemoteCommand.Streams) async throws -> SPDYCommand {
        let (session, version) = try await SPDYSession.accept(exchange, protocols: protocols)
        return SPDYCommand(session, version, streams)
    }

    /// The streams that the client will open: always one for the end's status.
    private var expected: Set<String> {
        var expected: Set<String> = ["error"]
        if streams.input { expected.insert("stdin") }
        if streams.output { expected.insert("stdout") }
        if streams.error { expected.insert("stderr") }
        if streams.terminal, version == "v4.channel.k8s.io" || version == "v3.channel.k8s.io" {
            expected.insert("resize")
        }
        return expected
    }

    func begin() async throws {}

    func prepare() async throws {
        try await withTimeLimit(.seconds(30), "waiting for the client's streams") { [self] in
            var missing = expected
            while !missing.isEmpty {
                guard let stream = try await session.accepted.next() else {
                    throw MeshError(.cancelled, "the client left before its streams were there")
                }
                guard let type = stream.header("streamtype"), missing.remove(type) != nil else {
                    try await stream.reset()
                    continue
                }
                found.withLock { $0[type] = stream }
            }
        }
    }

    func pump() async throws {
        defer { input.finish() }
        try await session.run()
    }

    /// Bytes and sizes come by separate streams; both are read from the first call on.
    func nextInput() async throws -> RemoteCommand.Input? {
        startReading()
        return try await input.next()
    }

    private let isReading = Mutex(false)

    private func startReading() {
        let isFirst = isReading.withLock { reading in
            defer { reading = true }
            return !reading
        }
        guard isFirst else { return }
        let (stdin, resize, input) = (stream("stdin"), stream("resize"), input)
        // Both end with the session, which ends all its streams' queues and this one.
        if let stdin {
            Task {
                while let bytes = try await stdin.read() { try await input.send(.bytes(bytes), weight: bytes.count) }
                try await input.send(.ended)
            }
        }
        if let resize {
            Task {
                var lines = LineSplitter(limit: 4096)
                while let bytes = try await resize.read() {
                    for line in lines.append(bytes) {
                        if let size = CommandStatus.size(line) { try await input.send(size) }
                    }
                }
            }
        }
    }

    private func stream(_ type: String) -> SPDYStream? { found.withLock { $0[type] } }

    func writeOutput(_ bytes: [UInt8]) async throws { try await stream("stdout")?.write(bytes) }
    func writeError(_ bytes: [UInt8]) async throws { try await stream("stderr")?.write(bytes) }

    func finish(_ outcome: RemoteCommand.Outcome) async throws {
        try await stream("stdout")?.finishWriting()
        try await stream("stderr")?.finishWriting()
        let status = version == "v4.channel.k8s.io" ? CommandStatus.json(outcome) : CommandStatus.text(outcome)
        try await stream("error")?.write(status)
        try await stream("error")?.finishWriting()
        try await stream("stdin")?.finishWriting()
        try await stream("resize")?.finishWriting()
    }

    func close() { session.close() }
}

/// Cuts a stream of JSON texts at their line ends.
struct LineSplitter {
    let limit: Int
    private var rest: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    mutating func append(_ bytes: [UInt8]) -> [[UInt8]] {
        rest += bytes
        var lines: [[UInt8]] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(Array(rest[..<end]))
            rest.removeFirst(end + 1)
        }
        if rest.count > limit { rest = [] }  // Nobody's size is that long.
        return lines
    }
}
