internal import Kubernetes
internal import Synchronization

/// A user who comes to a container's program when it has ended, and sees what it left in its log.
final class EndedContainerSession: ContainerSession {
    let output: AsyncThrowingStream<ContainerOutput, any Error>

    init(_ log: ContainerLogFollower) {
        let end = End()
        output = AsyncThrowingStream {
            if let bytes = try await log.next() { return .stdout(bytes) }
            return end.isFirst ? .exited(code: 0) : nil
        }
    }

    private final class End: Sendable {
        private let isOver = Atomic(false)
        /// True the first time it is asked.
        var isFirst: Bool { !isOver.exchange(true, ordering: .relaxed) }
    }

    func writeInput(_ bytes: [UInt8]) async throws {}
    func closeInput() async {}
    func resize(columns: UInt16, rows: UInt16) async {}
    func close() async {}
}
