internal import Base
internal import Synchronization

/// Closes a stream when something on it takes too long, and says so.
final class Deadline: Sendable {
    private let stream: any ByteStream
    private let isExpired = Atomic(false)

    init(_ stream: any ByteStream) { self.stream = stream }

    /// Runs `body` and closes the stream after `patience`, which ends whatever waits for it; nil waits forever.
    ///
    /// - Throws: ``MeshError`` with code `timedOut` and the text `what`, or what `body` threw.
    func during<Result>(
        _ patience: Duration?,
        _ what: @autoclosure () -> String,
        _ body: () async throws -> Result
    ) async throws -> Result {
        guard let patience else { return try await body() }
        let timer = Task {
            try await Task.sleep(for: patience)
            isExpired.store(true, ordering: .relaxed)
            stream.close()
        }
        defer { timer.cancel() }
        do {
            return try await body()
        } catch {
            if isExpired.load(ordering: .relaxed) { throw MeshError(.timedOut, what()) }
            throw error
        }
    }
}
