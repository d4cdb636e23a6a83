internal import Base
internal import JSON
internal import Kubernetes
internal import Subprocess

extension PodWorker {
    /// Runs a command in a container and collects what it prints.
    ///
    /// - Returns: What is wrong; nil when the command succeeds.
    func failure(of command: [String], in live: LiveContainer, timeout: Duration) async throws -> String? {
        do {
            let file = try processFile(for: command, in: live, hasTerminal: false)
            defer { FilePath.removeTree(file) }
            let program = context.runtime.execution(live.identifier, processFile: file)
            let finished = try await program.run(limit: 1 << 20, timeout: timeout)
            return finished.status.isSuccess ? nil : "\(finished.text)\(finished.errorText)"
        } catch let error as MeshError where error.code == .timedOut {
            return "command \(command.joined(separator: " ")) timed out after \(timeout.components.seconds)s"
        }
    }

    /// Starts a command in a container, for somebody who sees what it prints.
    func start(_ command: [String], in live: LiveContainer, _ options: TerminalOptions) async throws
        -> ContainerRuntime.Started
    {
        let file = try processFile(for: command, in: live, hasTerminal: options.tty)
        defer { FilePath.removeTree(file) }
        return try await context.runtime.execute(
            live.identifier,
            processFile: file,
            hasInput: options.stdin,
            console: options.tty ? context.configuration.newConsole : nil
        )
    }

    /// Describes a command for the runtime.
    ///
    /// - Returns: The path of the description, which the caller removes.
    private func processFile(for command: [String], in live: LiveContainer, hasTerminal: Bool) throws -> String {
        let process = live.configuration.process(arguments: command, hasTerminal: hasTerminal)
        let bundle = FilePath.parent(of: live.configuration.rootPath)
        let file = "\(bundle)/exec-\(UInt64.random(in: 0 ... .max)).json"
        try Files.replace(file, with: process.bytes())
        return file
    }
}
