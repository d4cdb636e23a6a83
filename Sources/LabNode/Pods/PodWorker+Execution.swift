internal import Base
internal import JSON
internal import Subprocess

extension PodWorker {
    /// Runs a command in a container and collects what it prints.
    ///
    /// - Returns: What is wrong; nil when the command succeeds.
    func failure(of command: [String], in live: LiveContainer, timeout: Duration) async throws -> String? {
        do {
            let finished = try await execution(of: command, in: live).run(limit: 1 << 20, timeout: timeout)
            return finished.status.isSuccess ? nil : "\(finished.text)\(finished.errorText)"
        } catch let error as MeshError where error.code == .timedOut {
            return "command \(command.joined(separator: " ")) timed out after \(timeout.components.seconds)s"
        }
    }

    /// A command in a container, ready to start; the process is runc's, and ends with the command's exit code.
    func execution(of command: [String], in live: LiveContainer, hasTerminal: Bool = false) throws -> Subprocess {
        let process = live.configuration.process(arguments: command, hasTerminal: hasTerminal)
        let bundle = FilePath.parent(of: live.configuration.rootPath)
        let file = "\(bundle)/exec-\(UInt64.random(in: 0 ... .max)).json"
        try Files.replace(file, with: process.bytes())
        return context.runtime.execution(live.identifier, processFile: file)
    }
}
