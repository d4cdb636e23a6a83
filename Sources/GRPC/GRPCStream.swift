internal import Base
internal import HTTP
internal import Synchronization

/// The caller's side of a call that may send and receive any number of messages.
///
/// One task may send while another receives. Letting go of it cancels the call.
public final class GRPCStream: Sendable {
    private let stream: HTTP2Stream
    private let reader: Mutex<GRPCMessageReader>
    private let hasHead = Atomic(false)

    init(_ stream: HTTP2Stream, messageLimit: Int) {
        self.stream = stream
        reader = Mutex(GRPCMessageReader(limit: messageLimit))
    }

    /// Sends a message; waits while more than a little is queued before it.
    public func send(_ message: [UInt8]) async throws(GRPCStatus) {
        do {
            try await stream.write(GRPCMessageReader.framed(message))
        } catch {
            throw status(error)
        }
    }

    /// Tells the server that no more messages will come.
    public func halfClose() async throws(GRPCStatus) {
        do {
            try await stream.write([], isEnd: true)
        } catch {
            throw status(error)
        }
    }

    /// The next message; nil when the server has ended the call well.
    ///
    /// - Throws: ``GRPCStatus``, the server's or our own.
    public func next() async throws(GRPCStatus) -> [UInt8]? {
        do {
            if !hasHead.load(ordering: .relaxed) {
                try check(try await stream.head())
                hasHead.store(true, ordering: .relaxed)
            }
            while true {
                if let message = try reader.withLock({ try $0.next() }) { return message }
                switch try await stream.next() {
                case .data(let bytes): reader.withLock { $0.append(bytes) }
                case .trailers(let trailers): return try end(GRPCStatus(trailers))
                // The head has the status when there was nothing else to send.
                case nil: return try end(GRPCStatus(try await stream.head().fields))
                }
            }
        } catch let error as GRPCStatus {
            stream.reset()
            throw error
        } catch {
            throw status(error)
        }
    }

    /// Gives the call up.
    public func cancel() { stream.reset() }

    private func check(_ head: HTTP2Head) throws(GRPCStatus) {
        if let status = head.status, status != 200 { throw GRPCStatus(httpStatus: status) }
        guard head.fields["content-type"]?.hasPrefix("application/grpc") ?? false else {
            throw GRPCStatus(.unknown, "the server does not speak gRPC")
        }
    }

    private func end(_ status: GRPCStatus?) throws(GRPCStatus) -> [UInt8]? {
        guard let status else { throw GRPCStatus(.unknown, "the call ended without a status") }
        if status.code != .ok { throw status }
        if reader.withLock({ $0.isWithinMessage }) {
            throw GRPCStatus(.internal, "the call ended in the middle of a message")
        }
        return nil
    }

    private func status(_ error: any Error) -> GRPCStatus {
        if let code = stream.closeCode, code != 0 { return GRPCStatus(resetCode: code) }
        if let error = error as? MeshError, error.code == .cancelled { return GRPCStatus(.cancelled, "\(error)") }
        return GRPCStatus(.unavailable, "\(error)")
    }
}
