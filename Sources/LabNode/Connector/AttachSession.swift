internal import Kubernetes
internal import Synchronization

/// What a container prints, from its log; nothing can be typed into it.
final class AttachSession: ContainerSession {
    let output: AsyncThrowingStream<ContainerOutput, any Error>

    /// - Parameter exitCode: Asked when the container has ended.
    init(_ log: ContainerLogFollower, exitCode: @escaping @Sendable () -> Int32) {
        let end = End()
        output = AsyncThrowingStream {
            if let bytes = try await log.next() { return .stdout(bytes) }
            return end.isFirst ? .exited(code: exitCode()) : nil
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
