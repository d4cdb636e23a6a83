internal import CLinux
internal import Glibc
internal import Kubernetes
internal import Network
internal import Subprocess

/// A program that a user runs in a container, on pipes or on a terminal.
final class ExecSession: ContainerSession {
    let output: AsyncThrowingStream<ContainerOutput, any Error>
    private let started: ContainerRuntime.Started
    private let merger = OutputMerger()
    private let hasTerminal: Bool

    init(_ started: ContainerRuntime.Started, hasTerminal: Bool) {
        self.started = started
        self.hasTerminal = hasTerminal
        let merger = merger
        output = AsyncThrowingStream { await merger.next() }
        Task { await Self.follow(started, merger) }
    }

    private static func follow(_ started: ContainerRuntime.Started, _ merger: OutputMerger) async {
        await withDiscardingTaskGroup { group in
            // A terminal ends with an error when its last user is gone.
            group.addTask {
                while let bytes = try? await started.output.read(), !bytes.isEmpty { await merger.put(.stdout(bytes)) }
            }
            group.addTask {
                while let bytes = try? await started.error?.read(), !bytes.isEmpty { await merger.put(.stderr(bytes)) }
            }
        }
        let status = (try? await started.process.waitForExit()) ?? .exited(255)
        await merger.put(.exited(code: status.code))
        merger.finish()
    }

    func writeInput(_ bytes: [UInt8]) async throws { try await started.input?.write(bytes) }

    func closeInput() async { if !hasTerminal { started.input?.close() } }

    func resize(columns: UInt16, rows: UInt16) async {
        guard hasTerminal else { return }
        _ = started.output.withDescriptor { CLinux_resize_terminal($0, CInt(columns), CInt(rows)) }
    }

    func close() async {
        started.input?.close()
        started.process.signal(SIGHUP)
        merger.finish()
    }
}
