@main struct Main {
    static func main() async { await LabCommand.run(Array(CommandLine.arguments.dropFirst())) }
}
