/// One word of the command line, with what it does or the words below it.
struct Command: Sendable {
    var name: String
    var aliases: [String] = []
    /// What follows the name in the usage line, such as `<pod-name[.namespace]>`.
    var arguments = ""
    /// One line for lists of commands.
    var summary: String
    /// Sentences for its own help; empty means ``summary``.
    var details = ""
    var examples = ""
    var flags: [Flag] = []
    var subcommands: [Command] = []
    var isHidden = false
    /// How many words may follow; checked before ``run``.
    var argumentCount: ClosedRange<Int> = 0...0
    /// What it does; nil for a word that only groups others.
    var run: (@Sendable (Invocation) async throws -> Void)?

    func subcommand(_ word: String) -> Command? {
        subcommands.first { $0.name == word || $0.aliases.contains(word) }
    }
}

/// A command that ends the program with a status of its own.
struct ExitError: Error, Hashable {
    /// What somebody typed is no command line (`EX_USAGE`).
    static let usage: Int32 = 64
    /// A file is not what it should be (`EX_DATAERR`).
    static let data: Int32 = 65
    /// `analyze` found what it was asked to fail for.
    static let findings: Int32 = 79

    var status: Int32 = 1
    /// What to say on standard error after `Error: `; nil when everything has been said.
    var message: String?

    init(_ message: String?, status: Int32 = 1) {
        self.message = message
        self.status = status
    }
}
