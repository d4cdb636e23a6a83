import Testing

@testable import CommandLine

@Suite struct ArgumentParserTests {
    /// What a small command line understands of `words`, in one line.
    private static func meaning(_ words: [String]) -> String {
        let get = Command(
            name: "get",
            aliases: ["g"],
            summary: "",
            flags: [
                Flag("all", "A", .bool, ""), Flag("yes", "y", .bool, ""), Flag("output", "o", ""),
                Flag("set", "s", .strings, ""), Flag("timeout", "", .duration, ""), Flag("count", "", .int, ""),
            ],
            argumentCount: 0...2,
            run: { _ in }
        )
        let group = Command(name: "group", summary: "", subcommands: [get])
        let parser = ArgumentParser(root: Command(name: "p", summary: "", subcommands: [get, group]))
        do {
            switch try parser.parse(words, programName: "p") {
            case .help(_, let path): return "help \(path.joined(separator: " "))"
            case .run(_, let path, let arguments, let values):
                let flags = values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.joined(separator: "|"))" }
                return ([path.joined(separator: " ")] + arguments + flags).joined(separator: ",")
            }
        } catch {
            return "\(error.status): \(error.message?.split(separator: "\n").first ?? "")"
        }
    }

    @Test(arguments: [
        ("get", "p get"), ("g", "p get"), ("group get a", "p group get,a"), ("", "help p"), ("group", "help p group"),
        ("get a b", "p get,a,b"), ("get -A", "p get,all=true"), ("get -Ay a", "p get,a,all=true,yes=true"),
        ("get --all=false", "p get,all=false"), ("get -o json a", "p get,a,output=json"),
        ("get -ojson", "p get,output=json"), ("get -o=json", "p get,output=json"),
        ("get a --output json b", "p get,a,b,output=json"), ("get --set a=b=c -s d", "p get,set=a=b=c|d"),
        ("-n foo get", "p get,namespace=foo"), ("--namespace=foo get a", "p get,a,namespace=foo"),
        ("get -- -A", "p get,-A"), ("get -", "p get,-"), ("get --help", "help p get"), ("-h", "help p"),
        ("group get -h", "help p group get"), ("get --timeout 1m30s", "p get,timeout=1m30s"),
    ])
    func `understands`(line: String, meaning: String) {
        #expect(Self.meaning(line.split(separator: " ").map(String.init)) == meaning)
    }

    @Test(arguments: [
        ("get --foo", "64: unknown flag: --foo"), ("get -x", "64: unknown shorthand flag: 'x' in -x"),
        ("get -Ax", "64: unknown shorthand flag: 'x' in -Ax"), ("get --output", "64: flag needs an argument: --output"),
        ("get -o", "64: flag needs an argument: 'o' in -o"), ("gett", #"1: unknown command "gett" for "p""#),
        ("group gte", #"1: unknown command "gte" for "p group""#),
        ("get a b c", "64: accepts at most 2 arg(s), received 3"),
        (
            "get --all=perhaps",
            #"64: invalid argument "perhaps" for "--all" flag: strconv.ParseBool: parsing "perhaps": invalid syntax"#
        ),
        ("get --timeout 5", #"64: invalid argument "5" for "--timeout" flag: time: invalid duration "5""#),
        (
            "get --count x",
            #"64: invalid argument "x" for "--count" flag: strconv.ParseInt: parsing "x": invalid syntax"#
        ),
    ])
    func `refuses`(line: String, message: String) {
        #expect(Self.meaning(line.split(separator: " ").map(String.init)) == message)
    }

    @Test(arguments: [
        ("5m0s", 300_000), ("1.5s", 1500), ("250ms", 250), ("1h", 3_600_000), ("0", 0),
    ])
    func `reads Go's durations`(text: String, milliseconds: Int64) {
        #expect(Flag.duration(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "5", "s", "-1s", "1d", "1e9s", "∞s"]) func `refuses other durations`(text: String) {
        #expect(Flag.duration(text) == nil)
    }

    @Test func `every command has help that ends where it began`() {
        func check(_ command: Command, _ path: [String]) {
            let text = HelpText(command: command, path: path).text
            #expect(text.contains("Usage:\n  \(path.joined(separator: " "))"))
            #expect(!text.contains("\n\n\n"))
            for child in command.subcommands { check(child, path + [child.name]) }
        }
        check(CommandLineProgram.root, ["istioctl"])
    }

    @Test func `every command's flags are distinct`() {
        func check(_ command: Command) {
            let flags = command.flags + Flag.global + [.help]
            #expect(Set(flags.map(\.name)).count == flags.count, "\(command.name)")
            let letters = flags.map(\.shorthand).filter { !$0.isEmpty }
            #expect(Set(letters).count == letters.count, "\(command.name)")
            command.subcommands.forEach(check)
        }
        check(CommandLineProgram.root)
    }
}
