internal import Base
internal import Subprocess

/// Runs one of the programs that the node is made of, such as `ip` or `nft`, and demands that it succeeds.
///
/// - Parameter input: What it reads on standard input.
func runProgram(_ program: String, _ arguments: String..., input: String = "") async throws {
    try await Subprocess(program, arguments).runSuccessfully(input: Array(input.utf8))
}

/// Runs a program whose failure means that there was nothing to do.
func tryProgram(_ program: String, _ arguments: String...) async {
    _ = try? await Subprocess(program, arguments).run()
}

extension String {
    /// Without line ends and spaces at its end.
    func trimmingNewlines() -> String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
