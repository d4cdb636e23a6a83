internal import Base
public import HTTP
internal import Synchronization

/// Two ends of a connection within this process.
///
/// - Parameter tellsEnd: Whether an end knows that the other has closed before it tries to read.
public func memoryStreams(tellsEnd: Bool = true) -> (MemoryStream, MemoryStream) {
    let (there, back) = (MemoryPipe(), MemoryPipe())
    return (
        MemoryStream(incoming: there, outgoing: back, tellsEnd: tellsEnd),
        MemoryStream(incoming: back, outgoing: there, tellsEnd: tellsEnd)
    )
}

public final class MemoryStream: ByteStream {
    private let incoming: MemoryPipe
    private let outgoing: MemoryPipe
    private let tellsEnd: Bool

    init(incoming: MemoryPipe, outgoing: MemoryPipe, tellsEnd: Bool) {
        self.incoming = incoming
        self.outgoing = outgoing
        self.tellsEnd = tellsEnd
    }

    deinit { close() }

    public func read(upTo limit: Int) async throws -> [UInt8] { try await incoming.read(upTo: limit) }
    public func write(_ bytes: [UInt8]) async throws { try outgoing.write(bytes) }
    public func shutdownWrite() async throws { outgoing.end() }

    public var isOver: Bool { tellsEnd && incoming.isOver }

    public func close() {
        incoming.fail()
        outgoing.end()
    }
}

/// One direction, without a bound.
final class MemoryPipe: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var hasEnded = false
        var hasFailed = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func write(_ bytes: [UInt8]) throws {
        try change { state in
            if state.hasFailed || state.hasEnded { throw MeshError(.unavailable, "the connection is closed") }
            state.bytes += bytes
        }
    }

    var isOver: Bool { state.withLock { $0.hasEnded || $0.hasFailed } }
    func end() { change { $0.hasEnded = true } }
    func fail() { change { $0.hasFailed = true } }

    private func change<E: Error>(_ body: (inout State) throws(E) -> Void) throws(E) {
        let waiter = try state.withLock { state throws(E) in
            try body(&state)
            return state.waiter.take()
        }
        waiter?.resume()
    }

    func read(upTo limit: Int) async throws -> [UInt8] {
        while true {
            let (bytes, hasFailed) = state.withLock { state -> ([UInt8]?, Bool) in
                if state.hasFailed { return (nil, true) }
                if state.bytes.isEmpty { return (state.hasEnded ? [] : nil, false) }
                let taken = Array(state.bytes.prefix(limit))
                state.bytes.removeFirst(taken.count)
                return (taken, false)
            }
            if hasFailed { throw MeshError(.cancelled, "the connection is closed") }
            if let bytes { return bytes }
            await wait()
            if Task.isCancelled { throw MeshError(.cancelled, "the task was cancelled") }
        }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if !state.bytes.isEmpty || state.hasEnded || state.hasFailed || Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiter.take() }?.resume()
        }
    }
}
