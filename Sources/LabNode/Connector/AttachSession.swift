internal import Kubernetes
internal import Synchronization

/// A user at a container's own program: sees what it prints, and types into it where the container has an input.
final class AttachSession: ContainerSession {
    let output: AsyncThrowingStream<ContainerOutput, any Error>
    private let streams: ContainerStreams
    private let merger: OutputMerger
    private let hasInput: Bool

    init(_ streams: ContainerStreams, _ options: TerminalOptions) {
        self.streams = streams
        hasInput = options.stdin
        let (early, merger) = streams.attach()
        self.merger = merger
        let rest = Mutex(early[...])
        output = AsyncThrowingStream {
            if let piece = rest.withLock({ $0.popFirst() }) { return piece }
            return await merger.next()
        }
    }

    func writeInput(_ bytes: [UInt8]) async throws { if hasInput { try await streams.write(bytes) } }
    func closeInput() async { if hasInput { await streams.inputEnded() } }
    func resize(columns: UInt16, rows: UInt16) async { streams.resize(columns: columns, rows: rows) }

    func close() async {
        streams.detach(merger)
        await closeInput()
    }
}
