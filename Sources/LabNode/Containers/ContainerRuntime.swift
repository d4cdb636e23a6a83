internal import Base
internal import JSON
internal import Network
internal import Subprocess

/// Runs containers with runc (the OCI runtime that Debian ships).
///
/// Every call starts runc once, which takes some 30 ms; calls for different containers run side by side.
struct ContainerRuntime: Sendable {
    /// Where runc keeps what it knows of running containers.
    let stateDirectory: String

    /// A process in a container, and its standard streams.
    struct Started: Sendable {
        let process: RunningProcess
        /// Nil when it reads `/dev/null`.
        let input: AsyncPipe?
        let output: AsyncPipe
        /// Nil when a terminal is both.
        let error: AsyncPipe?
    }

    private func runc(_ arguments: String...) -> Subprocess {
        Subprocess("runc", ["--root", stateDirectory] + arguments)
    }

    /// Starts a container from its bundle; its process is a child of this program then.
    ///
    /// - Parameters:
    ///   - bundle: A directory with `config.json`.
    ///   - hasInput: Whether something can be typed into it.
    ///   - console: Where a socket may be made, when `config.json` asks for a terminal.
    /// - Throws: ``MeshError`` `.unavailable` with runc's words, such as that the program does not exist.
    func start(_ identifier: String, bundle: String, hasInput: Bool, console: String?) async throws -> Started {
        try await launch(
            identifier,
            ["run", "--bundle", bundle],
            files: "\(bundle)/runc",
            hasInput: hasInput,
            console: console
        )
    }

    /// Starts a program in a running container; its process is a child of this program then.
    ///
    /// - Parameters:
    ///   - processFile: Describes it, as `process` in `config.json` does.
    ///   - hasInput: Whether something can be typed into it.
    ///   - console: Where a socket may be made, when `processFile` asks for a terminal.
    /// - Throws: As ``start(_:bundle:hasInput:console:)``.
    func execute(
        _ identifier: String,
        processFile: String,
        hasInput: Bool,
        console: String?
    ) async throws -> Started {
        let files = "\(processFile).runc"
        defer { for suffix in [".pid", ".log"] { FilePath.removeTree(files + suffix) } }
        return try await launch(
            identifier,
            ["exec", "--process", processFile],
            files: files,
            hasInput: hasInput,
            console: console
        )
    }

    /// - Parameter files: The beginning of the names of the files that runc writes.
    private func launch(
        _ identifier: String,
        _ command: [String],
        files: String,
        hasInput: Bool,
        console: String?
    ) async throws -> Started {
        let (pidFile, logFile) = ("\(files).pid", "\(files).log")
        let socket = try console.map { try ConsoleSocket(path: $0) }
        var program = Subprocess(
            "runc",
            ["--root", stateDirectory, "--log", logFile, "--log-format", "json"] + command
                + ["--detach", "--pid-file", pidFile] + (console.map { ["--console-socket", $0] } ?? []) + [identifier]
        )
        if hasInput, socket == nil { program.input = .pipe }
        let starter = try program.start()
        let status = try await starter.waitForExit()
        guard status.isSuccess, let output = starter.output, let error = starter.error,
            let processID = (try? Files.readText(pidFile)).flatMap({ Int32($0.trimmingNewlines()) })
        else { throw MeshError(.unavailable, Self.lastMessage(of: logFile) ?? "runc: \(status)") }
        let process = try RunningProcess(adopting: processID, name: identifier)
        guard let socket else { return Started(process: process, input: starter.input, output: output, error: error) }
        let terminal = try socket.terminal(name: "terminal of \(identifier)")
        return Started(process: process, input: hasInput ? terminal.input : nil, output: terminal.output, error: nil)
    }

    /// Forgets a container, and kills what still runs of it.
    func delete(_ identifier: String) async { _ = try? await runc("delete", "--force", identifier).run() }

    /// Forgets all containers, also those of an earlier run of this program.
    func deleteAll() async {
        await withDiscardingTaskGroup { group in
            for identifier in FilePath.entries(of: stateDirectory) {
                group.addTask { await delete(identifier) }
            }
        }
    }

    /// A program in the container, as `processFile` describes it, that is not talked to; runc ends with its exit code.
    func execution(_ identifier: String, processFile: String) -> Subprocess {
        // With a log elsewhere, what runc says of a program that is not there comes without a time and a level.
        runc("--log", "/dev/null", "exec", "--process", processFile, identifier)
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
