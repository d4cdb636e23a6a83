internal import Base
internal import Glibc
internal import JSON

/// Runs containers with runc (the OCI runtime that Debian ships).
///
/// Every call starts runc once, which takes some 30 ms; calls for different containers run side by side.
struct ContainerRuntime: Sendable {
    /// Where runc keeps what it knows of running containers.
    let stateDirectory: String
    var program = "runc"

    private func runc(_ arguments: String...) -> [String] { [program, "--root", stateDirectory] + arguments }

    /// Starts a container from its bundle and gives its process, which is a child of this program then.
    ///
    /// - Parameters:
    ///   - bundle: A directory with `config.json`.
    ///   - output: Where its standard output goes; the caller closes it after the call.
    /// - Throws: ``MeshError`` `.unavailable` with runc's words, such as that the program does not exist.
    func start(_ identifier: String, bundle: String, output: CInt, error: CInt) async throws -> ChildProcess {
        let pidFile = "\(bundle)/pid"
        let logFile = "\(bundle)/runc.log"
        var streams = ChildProcess.Streams()
        (streams.output, streams.error) = (output, error)
        let arguments = [
            program, "--root", stateDirectory, "--log", logFile, "--log-format", "json", "run", "--detach",
            "--pid-file",
            pidFile, "--bundle", bundle, identifier,
        ]
        let status = await (try ChildProcess.start(arguments, streams: streams)).wait()
        guard status == .exited(0), let text = try? Files.readText(pidFile),
            let process = Int32(text.trimmingNewlines())
        else { throw MeshError(.unavailable, Self.lastMessage(of: logFile) ?? "runc failed: \(status)") }
        return ChildProcess(identifier: process)
    }

    /// Sends `signal` to the container's first process; false when there is none.
    @discardableResult
    func kill(_ identifier: String, signal: String) async -> Bool {
        (try? await Command.run(runc("kill", identifier, signal)))?.status == .exited(0)
    }

    /// Forgets a container, and kills what still runs of it.
    func delete(_ identifier: String) async {
        _ = try? await Command.run(runc("delete", "--force", identifier))
    }

    /// Forgets all containers, also those of an earlier run of this program.
    func deleteAll() async {
        for identifier in FilePath.entries(of: stateDirectory) { await delete(identifier) }
    }

    /// The arguments that run `process` in the container, with the caller's streams.
    func execArguments(_ identifier: String, processFile: String) -> [String] {
        runc("exec", "--process", processFile, identifier)
    }

    /// What runc said last, without its own prefixes.
    private static func lastMessage(of logFile: String) -> String? {
        guard let text = try? Files.readText(logFile) else { return nil }
        let messages = text.split(separator: "\n").compactMap { line -> String? in
            guard let entry = try? JSON(parsing: String(line)), entry["level"]?.string == "error" else { return nil }
            return entry["msg"]?.string
        }
        return messages.last
    }
}
