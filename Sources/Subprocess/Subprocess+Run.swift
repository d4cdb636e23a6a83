internal import Base
internal import Glibc
internal import Network

extension Subprocess {
    /// What a program left behind.
    public struct Finished: Sendable {
        public let status: ExitStatus
        public let output: [UInt8]
        public let error: [UInt8]

        /// Standard output as text, without white space around it.
        public var text: String { Self.trimmed(output) }
        /// Standard error as text, without white space around it.
        public var errorText: String { Self.trimmed(error) }

        private static func trimmed(_ bytes: [UInt8]) -> String {
            let text = bytes.drop { $0 <= 0x20 }
            let end = text.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? text.startIndex
            return String(decoding: text[..<end], as: UTF8.self)
        }
    }

    /// Runs the program to its end and collects what it writes.
    ///
    /// Killed with all it started when the task is cancelled, the time is over or there is too much output.
    /// - Parameters:
    ///   - input: What it reads, when there is something for it.
    ///   - limit: The most octets of each output.
    public func run(input: [UInt8] = [], limit: Int = 4 << 20, timeout: Duration? = nil) async throws -> Finished {
        guard let timeout else { return try await runNow(input, limit) }
        return try await withTimeLimit(timeout, "running \(program)") { try await runNow(input, limit) }
    }

    /// Runs the program and demands that it succeeds.
    ///
    /// - Returns: Its standard output.
    /// - Throws: ``MeshError`` with the command and what it wrote to standard error.
    @discardableResult
    public func runSuccessfully(
        input: [UInt8] = [],
        limit: Int = 4 << 20,
        timeout: Duration? = nil
    ) async throws -> [UInt8] {
        let finished = try await run(input: input, limit: limit, timeout: timeout)
        guard finished.status.isSuccess else {
            let command = ([program] + arguments).joined(separator: " ")
            let words = finished.errorText.isEmpty ? finished.text : finished.errorText
            throw MeshError(.unavailable, "\(command): \(finished.status)" + (words.isEmpty ? "" : ": \(words)"))
        }
        return finished.output
    }

    private func runNow(_ bytes: [UInt8], _ limit: Int) async throws -> Finished {
        var program = self
        if !bytes.isEmpty { program.input = .pipe }
        let process = try program.start()
        do {
            return try await withThrowingTaskGroup { group in
                group.addTask { Part.output(try await process.output?.readAll(limit: limit) ?? []) }
                group.addTask { Part.error(try await process.error?.readAll(limit: limit) ?? []) }
                group.addTask { Part.status(try await process.waitForExit()) }
                group.addTask {
                    // A program need not read all it is given.
                    do { try await process.input?.write(bytes) } catch let error as MeshError
                        where error.code == .unavailable
                    {}
                    process.input?.close()
                    return Part.input
                }
                var (status, output, error): (ExitStatus, [UInt8], [UInt8]) = (.exited(0), [], [])
                for try await part in group {
                    switch part {
                    case .output(let bytes): output = bytes
                    case .error(let bytes): error = bytes
                    case .status(let end): status = end
                    case .input: break
                    }
                }
                return Finished(status: status, output: output, error: error)
            }
        } catch {
            process.signalGroup(SIGKILL)
            throw error
        }
    }

    private enum Part: Sendable {
        case output([UInt8]), error([UInt8])
        case status(ExitStatus)
        case input
    }
}
