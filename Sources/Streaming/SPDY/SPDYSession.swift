internal import Base
internal import HTTP
internal import Synchronization

/// The server's end of a SPDY/3.1 connection, as the Kubernetes clients speak it.
///
/// Neither side of them keeps SPDY's flow-control windows, so this one does not either: when a stream's queue is full, it
/// stops reading the connection.
final class SPDYSession: Sendable {
    /// Streams in the order they were opened; ends with the connection.
    let accepted = BoundedQueue<SPDYStream>(capacity: 256)
    private let stream: any ByteStream
    private let writer: SerialWriter
    private let state = Mutex(State())

    private struct State {
        var streams: [UInt32: SPDYStream] = [:]
        var lastStream: UInt32 = 0
    }

    /// The most streams at a time; a client that wants more is refused.
    static let streamLimit = 256

    init(_ stream: any ByteStream) {
        self.stream = stream
        writer = SerialWriter(stream)
    }

    /// Reads the connection until the client has gone; everything else happens meanwhile.
    func run() async throws {
        defer { endAll() }
        var (decoder, headers, encoder) = (SPDYDecoder(), SPDYHeaderDecoder(), SPDYHeaderEncoder())
        while case let bytes = try await stream.read(upTo: 65_536), !bytes.isEmpty {
            decoder.append(bytes)
            do {
                while let frame = try decoder.next() { try await serve(frame, &headers, &encoder) }
            } catch let error as SPDYError {
                throw MeshError(.protocolViolation, "SPDY client: \(error)")
            }
        }
    }

    private func serve(
        _ frame: SPDYFrame,
        _ headers: inout SPDYHeaderDecoder,
        _ encoder: inout SPDYHeaderEncoder
    ) async throws {
        switch frame {
        case .synStream(let id, let isLast, let block):
            try await open(id, try headers.decode(block), isLast: isLast, encoder)
        case .headers(let id, let isLast, let block):
            _ = try headers.decode(block)  // Later blocks build on it.
            if isLast { find(id)?.incoming.finish() }
        case .data(let id, let isLast, let bytes):
            guard let stream = find(id) else { return }
            if !bytes.isEmpty { try await stream.incoming.send(bytes, weight: bytes.count) }
            if isLast { stream.incoming.finish() }
        case .reset(let id):
            find(id)?.incoming.finish()
            forget(id)
        case .ping(let id): if id % 2 == 1 { try await send(SPDYFrame.ping(id)) }
        case .goAway, .other: break
        }
    }

    private func open(_ id: UInt32, _ headers: SPDYHeaders, isLast: Bool, _ encoder: SPDYHeaderEncoder) async throws {
        let stream = SPDYStream(id: id, headers: headers, session: self)
        let isAccepted = try state.withLock { state throws(SPDYError) in
            guard id % 2 == 1, id > state.lastStream else { throw SPDYError("stream \(id) out of turn") }
            state.lastStream = id
            guard state.streams.count < Self.streamLimit else { return false }
            state.streams[id] = stream
            return true
        }
        guard isAccepted else { return try await send(SPDYFrame.reset(stream: id, status: 3)) }  // REFUSED_STREAM
        if isLast { stream.incoming.finish() }
        try await send(SPDYFrame.synReply(stream: id, block: encoder.encode([])))
        try await accepted.send(stream)
    }

    func send(_ frame: [UInt8]) async throws { try await writer.write(frame) }

    func forget(_ id: UInt32) { state.withLock { $0.streams[id] = nil } }

    private func find(_ id: UInt32) -> SPDYStream? { state.withLock { $0.streams[id] } }

    private func endAll() {
        accepted.finish()
        let streams = state.withLock { state in
            defer { state.streams = [:] }
            return state.streams.values
        }
        for stream in streams { stream.incoming.finish() }
    }

    /// Says goodbye: no stream that comes now will be served.
    func finish() async throws {
        let last = state.withLock { $0.lastStream }
        try await send(SPDYFrame.goAway(lastStream: last))
        try await stream.shutdownWrite()
    }

    func close() { stream.close() }
}
