internal import Base
internal import Glibc
internal import Kubernetes
internal import Network
internal import Subprocess

/// A program that a user runs in a container, on pipes or on a terminal.
final class ExecSession: ContainerSession {
    let output: AsyncThrowingStream<ContainerOutput, any Error>
    private let process: RunningProcess
    private let merger = OutputMerger()
    private let hasTerminal: Bool

    /// Starts the program.
    init(_ program: Subprocess, _ options: TerminalOptions) throws {
        var program = program
        program.input = options.stdin ? .pipe : .null
        if options.tty { program.terminal = .init(columns: 80, rows: 24) }
        hasTerminal = options.tty
        process = try program.start()
        let (process, merger) = (process, merger)
        output = AsyncThrowingStream { await merger.next() }
        Task { await Self.follow(process, merger) }
    }

    private static func follow(_ process: RunningProcess, _ merger: OutputMerger) async {
        await withDiscardingTaskGroup { group in
            // A terminal ends with an error when its last user is gone.
            group.addTask {
                while let bytes = try? await process.output?.read(), !bytes.isEmpty { await merger.put(.stdout(bytes)) }
            }
            group.addTask {
                while let bytes = try? await process.error?.read(), !bytes.isEmpty { await merger.put(.stderr(bytes)) }
            }
        }
        let status = (try? await process.waitForExit()) ?? .exited(255)
        await merger.put(.exited(code: status.code))
        merger.finish()
    }

    func writeInput(_ bytes: [UInt8]) async throws { try await process.input?.write(bytes) }

    func closeInput() async { if !hasTerminal { process.input?.close() } }

    func resize(columns: UInt16, rows: UInt16) async {
        process.resizeTerminal(.init(columns: Int(columns), rows: Int(rows)))
    }

    func close() async {
        process.input?.close()
        process.signal(SIGHUP)  // runc hands it on to the program.
        merger.finish()
    }
}
