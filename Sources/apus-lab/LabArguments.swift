import Base

/// What was typed after `apus-lab`.
struct LabArguments: Sendable, Hashable {
    enum Command: String, Sendable, CaseIterable { case up, down, status, kubeconfig, logs, run }

    /// One option of a command.
    struct Option: Sendable, Hashable {
        let names: [String]
        /// What its value stands for in the help; nil when it takes none.
        let value: String?
        /// Empty for one that is not for people.
        let help: String
    }

    /// Nil asks for help.
    var command: Command?
    /// The help that is asked for, of ``command`` or of all.
    var wantsHelp = false
    /// By an option's first name; empty for one without a value.
    private var options: [String: String] = [:]

    /// - Throws: ``MeshError`` `invalidConfiguration` for what no command knows.
    init(_ words: [String]) throws(MeshError) {
        var words = words[...]
        if words.first == "help" {
            wantsHelp = true
            words = words.dropFirst()
        }
        guard let first = words.popFirst() else { return }
        if Self.helpFlags.contains(first) { return }
        guard let command = Command(rawValue: first) else {
            throw MeshError(.invalidConfiguration, "unknown command \"\(first)\"; see apus-lab --help")
        }
        self.command = command
        while let word = words.popFirst() { try read(word, &words, of: command) }
    }

    private mutating func read(_ word: String, _ rest: inout ArraySlice<String>, of command: Command) throws(MeshError)
    {
        if Self.helpFlags.contains(word) {
            wantsHelp = true
            return
        }
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let option = command.options.first(where: { $0.names.contains(parts[0]) }) else {
            throw MeshError(.invalidConfiguration, "\(command) takes no \"\(word)\"; see apus-lab \(command) --help")
        }
        guard let value = option.value else {
            guard parts.count == 1 else { throw MeshError(.invalidConfiguration, "\(parts[0]) takes no value") }
            options[option.names[0]] = ""
            return
        }
        guard let given = parts.count == 2 ? parts[1] : rest.popFirst() else {
            throw MeshError(.invalidConfiguration, "\(parts[0]) needs a value: \(parts[0]) \(value)")
        }
        options[option.names[0]] = given
    }

    private static let helpFlags: Set<String> = ["--help", "-h"]

    func has(_ option: String) -> Bool { options[option] != nil }

    /// The port of the API server: 1 through 65535, 6443 unless given.
    var port: UInt16 {
        get throws(MeshError) {
            guard let text = options["--port"] else { return 6443 }
            guard let port = UInt16(text), port > 0 else {
                throw MeshError(.invalidConfiguration, "--port takes a number between 1 and 65535, not \"\(text)\"")
            }
            return port
        }
    }

    /// The number that this process has outside of its ``UserMachine``; nil when it is in none.
    var processOutside: Int32? { options["--in-own-machine"].flatMap { Int32($0) } }

    /// Whether the answer is to be JSON.
    var wantsJSON: Bool {
        get throws(MeshError) {
            guard let format = options["--output"] else { return false }
            guard ["json", "text"].contains(format) else {
                throw MeshError(.invalidConfiguration, "--output takes json or text, not \"\(format)\"")
            }
            return format == "json"
        }
    }
}

extension LabArguments.Command {
    private static let port = LabArguments.Option(
        names: ["--port"],
        value: "6443",
        help: "where the API server listens, on 127.0.0.1 and the pods' network"
    )

    private static let ownMachine = LabArguments.Option(names: ["--in-own-machine"], value: "1", help: "")

    var options: [LabArguments.Option] {
        switch self {
        case .up: [Self.port]
        case .run: [Self.port, .init(names: ["--in-background"], value: nil, help: ""), Self.ownMachine]
        case .down:
            [
                Self.ownMachine,
                .init(names: ["--keep"], value: nil, help: "leaves the cluster's objects for the next up"),
            ]
        case .status: [.init(names: ["--output", "-o"], value: "json", help: "says it as JSON; text unless given")]
        case .logs: [.init(names: ["--follow", "-f"], value: nil, help: "goes on with what is logged from now on")]
        case .kubeconfig: []
        }
    }
}
