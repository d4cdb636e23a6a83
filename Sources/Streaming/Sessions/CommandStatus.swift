internal import JSON

/// What goes over the error channel when a command has ended.
enum CommandStatus {
    /// A `v1.Status`, since protocol version 4.
    static func json(_ outcome: RemoteCommand.Outcome) -> [UInt8] {
        let status: JSON
        switch outcome {
        case .exited(0): status = ["metadata": [:], "status": "Success"]
        case .exited(let code):
            status = [
                "metadata": [:], "status": "Failure", "reason": "NonZeroExitCode",
                "message": .string("command terminated with non-zero exit code: exit code \(code)"),
                "details": ["causes": [["reason": "ExitCode", "message": .string("\(code)")]]],
            ]
        case .failed(let message):
            status = [
                "metadata": [:], "status": "Failure", "reason": "InternalError", "message": .string(message),
                "code": 500,
            ]
        }
        return Array(status.description.utf8)
    }

    /// Plain words, before version 4; empty for success.
    static func text(_ outcome: RemoteCommand.Outcome) -> [UInt8] {
        switch outcome {
        case .exited(0): []
        case .exited(let code): Array("command terminated with exit code \(code)".utf8)
        case .failed(let message): Array(message.utf8)
        }
    }

    /// Reads `{"Width":80,"Height":24}`; nil when it is something else.
    static func size(_ bytes: [UInt8]) -> RemoteCommand.Input? {
        guard let size = try? JSON(parsing: bytes), case .int(let columns) = size["Width"],
            case .int(let rows) = size["Height"], (0...65_535).contains(columns), (0...65_535).contains(rows)
        else { return nil }
        return .resized(columns: Int(columns), rows: Int(rows))
    }
}
