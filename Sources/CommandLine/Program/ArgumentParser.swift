internal import Base

/// Finds the command that a command line means and reads its flags, by the rules of Go's pflag and cobra.
struct ArgumentParser {
    let root: Command

    /// What a command line means.
    enum Meaning {
        case run(Command, path: [String], arguments: [String], values: [String: [String]])
        case help(Command, path: [String])
    }

    /// - Throws: ``ExitError`` with cobra's words.
    func parse(_ words: [String], programName: String) throws(ExitError) -> Meaning {
        let (command, path, rest) = find(words, programName: programName)
        var reader = FlagReader(flags: command.flags + Flag.global + [.help])
        try reader.read(rest)
        if reader.values["help"] != nil { return .help(command, path: path) }
        guard command.run != nil else {
            guard let word = reader.arguments.first else { return .help(command, path: path) }
            throw unknown(word, command: command, path: path)
        }
        try check(reader.arguments, command, path)
        return .run(command, path: path, arguments: reader.arguments, values: reader.values)
    }

    /// Walks down the words that name commands; everything else is left for the command.
    private func find(_ words: [String], programName: String) -> (Command, [String], [String]) {
        var command = root
        var path = [programName]
        var rest: [String] = []
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            if word == "--" { return (command, path, rest + words[(index - 1)...]) }
            if word.hasPrefix("-"), word != "-" {
                rest.append(word)
                let reader = FlagReader(flags: command.flags + Flag.global + [.help])
                if reader.takesNextWord(word), index < words.count {
                    rest.append(words[index])
                    index += 1
                }
            } else if let next = command.subcommand(word) {
                command = next
                path.append(next.name)
            } else {
                return (command, path, rest + words[(index - 1)...])
            }
        }
        return (command, path, rest)
    }

    private func unknown(_ word: String, command: Command, path: [String]) -> ExitError {
        var text = "unknown command \"\(word)\" for \"\(path.joined(separator: " "))\""
        let names = command.subcommands.filter { !$0.isHidden }.map(\.name)
        if let name = Spelling.nearest(to: word, among: names) { text += "\n\nDid you mean this?\n\t\(name)\n" }
        return ExitError(text + "\nRun '\(path.joined(separator: " ")) --help' for usage.")
    }

    private func check(_ arguments: [String], _ command: Command, _ path: [String]) throws(ExitError) {
        let range = command.argumentCount
        if range.contains(arguments.count) { return }
        if range == 0...0 { throw unknown(arguments[0], command: command, path: path) }
        let usage = "Usage: \(path.joined(separator: " ")) \(command.arguments)"
        if arguments.count < range.lowerBound {
            throw ExitError(
                "requires at least \(range.lowerBound) arg(s), only received \(arguments.count)\n\(usage)",
                status: ExitError.usage
            )
        }
        throw ExitError(
            "accepts at most \(range.upperBound) arg(s), received \(arguments.count)\n\(usage)",
            status: ExitError.usage
        )
    }
}

/// Reads flags and arguments in any order.
struct FlagReader {
    let flags: [Flag]
    private(set) var values: [String: [String]] = [:]
    private(set) var arguments: [String] = []

    init(flags: [Flag]) { self.flags = flags }

    mutating func read(_ words: [String]) throws(ExitError) {
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            if word == "--" {
                arguments += words[index...]
                return
            }
            if word.hasPrefix("--") {
                try long(String(word.dropFirst(2)), words, &index)
            } else if word.hasPrefix("-"), word != "-" {
                try short(String(word.dropFirst()), words, &index)
            } else {
                arguments.append(word)
            }
        }
    }

    /// Whether the word after `word` is its value.
    func takesNextWord(_ word: String) -> Bool {
        if word.contains("=") { return false }
        if word.hasPrefix("--") { return flags.contains { "--\($0.name)" == word && $0.kind != .bool } }
        return word.count == 2 && flags.contains { "-\($0.shorthand)" == word && $0.kind != .bool }
    }

    private mutating func long(_ text: String, _ words: [String], _ index: inout Int) throws(ExitError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let flag = flags.first(where: { $0.name == name }) else {
            throw ExitError("unknown flag: --\(name)", status: ExitError.usage)
        }
        var value = parts.count == 2 ? String(parts[1]) : "true"
        if parts.count == 1, flag.kind != .bool { value = try next(words, &index, of: "--\(name)") }
        try set(flag, value, "--\(name)")
    }

    private mutating func short(_ letters: String, _ words: [String], _ index: inout Int) throws(ExitError) {
        var rest = letters[...]
        while let letter = rest.popFirst() {
            guard let flag = flags.first(where: { $0.shorthand == String(letter) }) else {
                throw ExitError("unknown shorthand flag: '\(letter)' in -\(letters)", status: ExitError.usage)
            }
            if flag.kind == .bool, !rest.hasPrefix("=") {
                try set(flag, "true", "-\(letter), --\(flag.name)")
                continue
            }
            if rest.hasPrefix("=") { rest.removeFirst() }
            let value = rest.isEmpty ? try next(words, &index, of: "'\(letter)' in -\(letters)") : String(rest)
            try set(flag, value, "-\(letter), --\(flag.name)")
            return
        }
    }

    private func next(_ words: [String], _ index: inout Int, of flag: String) throws(ExitError) -> String {
        guard index < words.count else {
            throw ExitError("flag needs an argument: \(flag)", status: ExitError.usage)
        }
        index += 1
        return words[index - 1]
    }

    private mutating func set(_ flag: Flag, _ value: String, _ spelling: String) throws(ExitError) {
        if let problem = flag.problem(with: value) {
            throw ExitError(
                "invalid argument \"\(value)\" for \"\(spelling)\" flag: \(problem)",
                status: ExitError.usage
            )
        }
        values[flag.name, default: []].append(value)
    }
}
