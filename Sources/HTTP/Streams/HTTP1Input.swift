internal import Synchronization

/// The reading half of one HTTP/1 connection: heads and bodies, one after the other.
///
/// Reads no more from the connection than it is asked for, so that a slow reader slows the sender down.
final class HTTP1Input: Sendable {
    private struct State: Sendable {
        /// What was read and not yet used: the octets from `offset` on.
        var bytes: [UInt8]
        var offset = 0
        var head = HTTP1Head()
        var body = BodyReader(.none)

        mutating func parseHead(_ parser: inout HTTP1HeadParser) throws(HTTP1Error) -> HTTP1Head? {
            let input = bytes
            switch parser.parse(input.span.extracting(offset..<input.count), into: &head) {
            case .needsMore:
                offset = input.count
                return nil
            case .failed(let error): throw error
            case .complete(let consumed):
                offset += consumed
                body = BodyReader(head.framing, limits: parser.limits)
                return head
            }
        }

        mutating func takeBody() -> BodyPart {
            let input = bytes
            switch body.next(in: input.span, at: &offset) {
            case .data(let range): return .data(range == input.indices ? input : Array(input[range]))
            case .end: return .end
            case .needsMore: return .needsMore
            case .failed(let error): return .failed(error)
            }
        }
    }

    private enum BodyPart {
        case data([UInt8]), end, needsMore
        case failed(HTTP1Error)
    }

    private let stream: any ByteStream
    private let limits: HTTP1Limits
    private let state: Mutex<State>

    /// - Parameter leading: What was already read from the stream.
    init(_ stream: any ByteStream, limits: HTTP1Limits, leading: [UInt8] = []) {
        self.stream = stream
        self.limits = limits
        state = Mutex(State(bytes: leading))
    }

    /// Reads the next message's head; the body of the one before must have been read.
    ///
    /// - Parameter began: Called when the first octet has come.
    /// - Returns: nil when the peer closed instead of sending one.
    /// - Throws: ``HTTP1Error``, or what the stream threw.
    func nextHead(_ kind: HTTP1HeadParser.Kind, began: () -> Void = {}) async throws -> HTTP1Head? {
        var parser = HTTP1HeadParser(kind, limits: limits)
        state.withLock { $0.head.removeAll() }
        var hasBegun = false
        while true {
            if !(try await fill()) {
                if hasBegun { throw HTTP1Error.truncated }
                return nil
            }
            if !hasBegun { began() }
            hasBegun = true
            if let head = try state.withLock({ try $0.parseHead(&parser) }) { return head }
        }
    }

    /// Makes sure that there are octets to use; false at the end of the stream.
    private func fill() async throws -> Bool {
        if state.withLock({ $0.offset < $0.bytes.count }) { return true }
        let bytes = try await stream.read(upTo: 65_536)
        state.withLock {
            $0.bytes = bytes
            $0.offset = 0
        }
        return !bytes.isEmpty
    }

    var isBodyComplete: Bool { state.withLock { $0.body.isComplete } }

    /// Whether octets are here that belong to no message read so far.
    var hasUnreadOctets: Bool { state.withLock { $0.offset < $0.bytes.count } }

    /// Reads the next piece of the body, never empty; nil after the last.
    func nextBodyChunk() async throws -> [UInt8]? {
        while true {
            switch state.withLock({ $0.takeBody() }) {
            case .data(let bytes): return bytes
            case .end: return nil
            case .failed(let error): throw error
            case .needsMore:
                if try await fill() { continue }
                guard state.withLock({ $0.body.inputEnded() }) else { throw HTTP1Error.truncated }
                return nil
            }
        }
    }

    /// The fields after a chunked body that was read to its end.
    var trailers: HTTPFields { state.withLock { $0.body.trailers.map { HTTPFields($0) } ?? [:] } }

    /// Waits until the peer closes or the connection fails, while no message is expected.
    ///
    /// A little of what comes early is kept for later; a peer that sends more than that counts as gone.
    func waitForEnd() async {
        while let bytes = try? await stream.read(upTo: 4096), !bytes.isEmpty {
            let isTooMuch = state.withLock { state in
                state.bytes = state.bytes[state.offset...] + bytes
                state.offset = 0
                return state.bytes.count > 65_536
            }
            if isTooMuch { return }
        }
    }

    /// Gives up what was read and not used, to the next protocol on this connection.
    func takeUnreadOctets() -> [UInt8] {
        state.withLock { state in
            defer { state.bytes = [] }
            let rest = Array(state.bytes[state.offset...])
            state.offset = 0
            return rest
        }
    }
}
