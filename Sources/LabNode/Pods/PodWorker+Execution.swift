internal import Base
internal import Glibc
internal import JSON

extension PodWorker {
    /// Runs a command in a container and collects what it prints.
    func execute(_ command: [String], in live: LiveContainer, timeout: Duration) async throws -> Command.Result {
        let output = try makePipe()
        var streams = ChildProcess.Streams()
        (streams.output, streams.error) = (output.writeEnd, output.writeEnd)
        let started = Result { () throws in try self.startProcess(command, in: live, streams: streams) }
        close(output.writeEnd)
        let child: ChildProcess
        switch started {
        case .success(let process): child = process
        case .failure(let error):
            close(output.readEnd)
            throw error
        }
        let result = await withTaskGroup(of: Command.Result?.self) { group in
            group.addTask { await Self.collect(child, output.readEnd) }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return nil
            }
            let first = await group.next() ?? nil
            if first == nil { child.signal(SIGKILL) }  // Timed out: ends the other one.
            group.cancelAll()
            return first
        }
        guard let result else {
            throw MeshError(.timedOut, "command \(command) timed out after \(timeout.components.seconds)s")
        }
        return result
    }

    private static func collect(_ child: ChildProcess, _ output: CInt) async -> Command.Result? {
        try? await blocking {
            defer { close(output) }
            var bytes: [UInt8] = []
            while true {
                let chunk = readBlocking(output)
                if chunk.isEmpty { break }
                if bytes.count < 65_536 { bytes += chunk }
            }
            return Command.Result(status: child.waitBlocking(), output: String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Starts a command in a container; the process is runc's, and ends with the command's exit code.
    func startProcess(
        _ command: [String],
        in live: LiveContainer,
        streams: ChildProcess.Streams
    ) throws -> ChildProcess {
        let process = live.configuration.process(arguments: command, hasTerminal: streams.terminal != nil)
        let bundle = FilePath.parent(of: live.configuration.rootPath)
        let file = "\(bundle)/exec-\(UInt64.random(in: 0 ... .max)).json"
        try Files.replace(file, with: process.bytes())
        return try ChildProcess.start(
            context.runtime.execArguments(live.identifier, processFile: file),
            streams: streams
        )
    }
}
