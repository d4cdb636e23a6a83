internal import Base
internal import Glibc

/// A program that runs to its end, with its output collected.
enum Command {
    struct Result: Sendable {
        let status: ExitStatus
        /// Standard output and standard error as they came, cut off after 1 MiB.
        let output: String
    }

    /// Runs `arguments` with `input` on standard input.
    static func run(_ arguments: [String], input: String = "") async throws -> Result {
        try await blocking { try runBlocking(arguments, input: input) }
    }

    /// ``run(_:input:)``, and a ``MeshError`` `.unavailable` with the program's words unless it succeeds.
    @discardableResult
    static func check(_ arguments: [String], input: String = "") async throws -> String {
        let result = try await run(arguments, input: input)
        guard result.status == .exited(0) else {
            let words = result.output.trimmingNewlines()
            throw MeshError(
                .unavailable,
                "\(arguments.prefix(4).joined(separator: " ")) failed (\(result.status)): \(words)"
            )
        }
        return result.output
    }

    private static func runBlocking(_ arguments: [String], input: String) throws -> Result {
        let output = try makePipe()
        let standardInput = try makePipe()
        var streams = ChildProcess.Streams()
        (streams.input, streams.output, streams.error) = (standardInput.readEnd, output.writeEnd, output.writeEnd)
        let started = Swift.Result { () throws(SystemError) in try ChildProcess.start(arguments, streams: streams) }
        close(standardInput.readEnd)
        close(output.writeEnd)
        defer { close(output.readEnd) }
        guard case .success(let child) = started else {
            close(standardInput.writeEnd)
            return Result(status: .exited(127), output: "\(arguments.first ?? "") could not be started")
        }
        // A few kilobytes at most, which the pipe holds or the program reads before it writes much.
        writeBlocking(standardInput.writeEnd, input.utf8)
        close(standardInput.writeEnd)
        var bytes: [UInt8] = []
        while true {
            let chunk = readBlocking(output.readEnd)
            if chunk.isEmpty { break }
            if bytes.count < 1 << 20 { bytes += chunk }
        }
        return Result(status: child.waitBlocking(), output: String(decoding: bytes, as: UTF8.self))
    }
}

extension String {
    /// Without line ends and spaces at its end.
    func trimmingNewlines() -> String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
