/// A command's help, in the form of cobra's.
struct HelpText {
    let command: Command
    /// The words that lead to it.
    let path: [String]

    private var full: String { path.joined(separator: " ") }

    var text: String {
        var text = (command.details.isEmpty ? command.summary : command.details) + "\n\nUsage:\n"
        if command.run != nil {
            let arguments = command.arguments.isEmpty ? "" : " \(command.arguments)"
            text += "  \(full)\(arguments) [flags]\n"
        }
        let visible = command.subcommands.filter { !$0.isHidden }
        if !visible.isEmpty { text += "  \(full) [command]\n" }
        if !command.aliases.isEmpty {
            text += "\nAliases:\n  \(([command.name] + command.aliases).joined(separator: ", "))\n"
        }
        if !command.examples.isEmpty {
            text += "\nExamples:\n"
            for line in command.examples.split(separator: "\n", omittingEmptySubsequences: false) {
                text += line.isEmpty ? "\n" : "  \(line.replacingProgram(with: path[0]))\n"
            }
        }
        if !visible.isEmpty {
            let width = max(11, visible.map(\.name.count).max() ?? 0)
            text += "\nAvailable Commands:\n"
            for child in visible { text += "  \(child.name.padded(to: width)) \(child.summary)\n" }
        }
        let isRoot = path.count == 1
        text += "\nFlags:\n" + Self.list(command.flags + [help] + (isRoot ? Flag.global : []))
        if !isRoot { text += "\nGlobal Flags:\n" + Self.list(Flag.global) }
        if !visible.isEmpty { text += "\nUse \"\(full) [command] --help\" for more information about a command.\n" }
        return text
    }

    private var help: Flag {
        var flag = Flag.help
        flag.summary = "help for \(command.name)"
        return flag
    }

    private static func list(_ flags: [Flag]) -> String {
        let rows = flags.sorted { $0.name < $1.name }.map { ($0, column($0)) }
        let width = rows.map(\.1.count).max() ?? 0
        return rows.map { flag, column in "\(column.padded(to: width))   \(flag.summary)\(suffix(flag))\n" }.joined()
    }

    private static func column(_ flag: Flag) -> String {
        let names = flag.shorthand.isEmpty ? "      --\(flag.name)" : "  -\(flag.shorthand), --\(flag.name)"
        return flag.kind == .bool ? names : "\(names) \(flag.kind.rawValue)"
    }

    private static func suffix(_ flag: Flag) -> String {
        if flag.defaultValue.isEmpty || flag.defaultValue == "false" { return "" }
        let isText = flag.kind == .string || flag.kind == .strings
        return isText ? " (default \"\(flag.defaultValue)\")" : " (default \(flag.defaultValue))"
    }
}

extension Substring {
    /// The line of an example with the name that the program was started under.
    fileprivate func replacingProgram(with name: String) -> String {
        hasPrefix("istioctl ") ? name + dropFirst("istioctl".count) : String(self)
    }
}

extension String {
    /// With spaces behind it until it is `width` characters wide.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }
}
