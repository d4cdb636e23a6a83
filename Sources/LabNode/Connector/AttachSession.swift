internal import Kubernetes

/// What a container prints, from its log; nothing can be typed into it.
final class AttachSession: ContainerSession {
    let output: AsyncThrowingStream<ContainerOutput, any Error>

    init(log: AsyncThrowingStream<[UInt8], any Error>, exitCode: @escaping @Sendable () -> Int32) {
        let (stream, sender) = AsyncThrowingStream<ContainerOutput, any Error>.makeStream()
        output = stream
        let task = Task {
            do {
                for try await bytes in log { sender.yield(.stdout(bytes)) }
                sender.yield(.exited(code: exitCode()))
                sender.finish()
            } catch {
                sender.finish(throwing: error)
            }
        }
        sender.onTermination = { _ in task.cancel() }
    }

    func writeInput(_ bytes: [UInt8]) async throws {}
    func closeInput() async {}
    func resize(columns: UInt16, rows: UInt16) async {}
    func close() async {}
}
