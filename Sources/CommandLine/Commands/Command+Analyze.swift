internal import Base
internal import Explain
internal import JSON
internal import Kubernetes
internal import MeshAPI
internal import YAML

extension Command {
    static let analyze = Command(
        name: "analyze",
        arguments: "[<file>|<directory>|-]...",
        summary: "Analyze Istio configuration and print validation messages",
        examples: """
            # Analyze the cluster
            istioctl analyze

            # Analyze the cluster as it would be with these files
            istioctl analyze a.yaml my-app-config/

            # Analyze files alone
            istioctl analyze --use-kube=false a.yaml

            # Leave out a message
            istioctl analyze -S "IST0102=Namespace default"
            """,
        flags: [
            Flag("all-namespaces", "A", .bool, "Analyze all namespaces"),
            Flag("analyzer", "", .strings, "Only the analyzers of these names"),
            Flag(
                "failure-threshold",
                "",
                default: "Error",
                "Level from which on the command fails: Info, Warning or Error"
            ),
            Flag("list-analyzers", "L", .bool, "List the analyzers"),
            Flag("meshConfigFile", "", "File with a mesh configuration to use instead of the cluster's"),
            Flag("output", "o", default: "log", "One of log, json or yaml"),
            Flag("output-threshold", "", default: "Info", "Level from which on messages are shown"),
            Flag("revision", "", default: "default", "The revision whose mesh configuration is used"),
            Flag(
                "suppress",
                "S",
                .strings,
                "Leave out messages, such as \"IST0102=Namespace default\"; * stands for anything"
            ),
            Flag("use-kube", "k", .bool, default: "true", "Use what is in the cluster, too"),
        ],
        argumentCount: 0...1000,
        run: { try await AnalyzeRun($0).run() }
    )
}

/// One run of `analyze`.
private struct AnalyzeRun {
    private let invocation: Invocation
    private let failureThreshold: AnalysisMessage.Level
    private let outputThreshold: AnalysisMessage.Level

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        failureThreshold = try Self.level("failure-threshold", invocation)
        outputThreshold = try Self.level("output-threshold", invocation)
        guard ["log", "json", "yaml"].contains(invocation.string("output")) else {
            throw ExitError("--output must be one of log, json, yaml", status: ExitError.usage)
        }
    }

    private static func level(_ flag: String, _ invocation: Invocation) throws -> AnalysisMessage.Level {
        let name = invocation.string(flag)
        guard let level = AnalysisMessage.Level(named: name) else {
            throw ExitError(
                "invalid argument \"\(name)\" for \"--\(flag)\" flag: one of Info, Warning, Error",
                status: ExitError.usage
            )
        }
        return level
    }

    func run() async throws {
        let console = invocation.console
        if invocation.bool("list-analyzers") {
            for name in Analysis.analyzerNames { console.print(name) }
            return
        }
        let files = try AnalyzedFiles(invocation.arguments)
        for problem in files.problems { console.complain("Error(s) reading files: \(problem)") }
        var resources = files.resources
        var config = MeshConfig()
        var options = Analysis.Options()
        if invocation.bool("use-kube") {
            let cluster = try await invocation.cluster()
            let snapshot = try await MeshSnapshot.load(
                cluster.api,
                systemNamespace: invocation.systemNamespace,
                revision: invocation.string("revision")
            )
            config = snapshot.config
            if !invocation.bool("all-namespaces") { options.namespace = invocation.namespace(of: cluster) }
            // A file stands for the object as it would be.
            let replaced = Set(resources.map { AnalyzedFiles.key($0.object) })
            resources += snapshot.objects.filter { !replaced.contains(AnalyzedFiles.key($0)) }
                .map { Analysis.Resource($0) }
            options.unreadable = try await CredentialReading(api: cluster.api).add(to: &resources)
        }
        let namespace = options.namespace
        if invocation.has("meshConfigFile") { config = try meshConfig() }
        options.suppressions = invocation.strings("suppress")
        options.analyzers = invocation.strings("analyzer")
        let messages = Analysis(resources, config: config, options: options).messages
        report(messages.filter { $0.level >= outputThreshold }, files, namespace)
        if messages.contains(where: { $0.level >= failureThreshold }) {
            throw ExitError(
                "Analyzers found issues when analyzing \(scope(namespace)).\n"
                    + "See https://istio.io/latest/docs/reference/config/analysis for more information about causes and resolutions.",
                status: ExitError.findings
            )
        }
        if !files.problems.isEmpty { throw ExitError(nil, status: ExitError.data) }
    }

    private func meshConfig() throws -> MeshConfig {
        let path = invocation.string("meshConfigFile")
        do {
            return try MeshConfig(try YAML.value(try ManifestFile.text(path)))
        } catch let error as YAMLError {
            throw MeshError(.invalidConfiguration, "could not read \(path)", cause: error)
        }
    }

    private func scope(_ namespace: String?) -> String {
        if let namespace { return "namespace: \(namespace)" }
        return invocation.bool("use-kube") ? "all namespaces" : invocation.arguments.joined(separator: ", ")
    }

    private func report(_ messages: [AnalysisMessage], _ files: AnalyzedFiles, _ namespace: String?) {
        let console = invocation.console
        switch invocation.string("output") {
        case "json": console.print(JSON.array(messages.map(\.json)).text(isPretty: true))
        case "yaml": console.write(.output, YAML.text(.array(messages.map(\.json))))
        default:
            for message in messages { console.print(console.isOutputTerminal ? message.colouredLine : message.line) }
        }
        guard messages.isEmpty else { return }
        let mark = console.colored("✔", "32", on: .error)
        if !files.problems.isEmpty {
            console.complain(
                "\(mark) No validation issues found when analyzing \(scope(namespace)) "
                    + "(but \(files.problems.count) file(s) could not be parsed)."
            )
        } else if files.names.count > 1 {
            console.complain(
                "\(mark) No validation issues found when analyzing:\n"
                    + files.names.map { "  - \($0)" }.joined(separator: "\n")
            )
        } else {
            console.complain(
                "\(mark) No validation issues found when analyzing \(files.names.first ?? scope(namespace))."
            )
        }
    }
}

/// The objects of the files on a command line.
private struct AnalyzedFiles {
    private(set) var names: [String] = []
    private(set) var resources: [Analysis.Resource] = []
    /// One for each file that cannot be read.
    private(set) var problems: [String] = []

    init(_ paths: [String]) throws(MeshError) {
        for path in paths {
            let files = path == "-" ? [path] : try ManifestFile.manifests(at: path)
            for file in files { read(file) }
        }
    }

    static func key(_ object: JSON) -> [String?] {
        let group = object["apiVersion"]?.string?.split(separator: "/").first.map(String.init)
        return [
            group, object["kind"]?.string, object["metadata", "namespace"]?.string, object["metadata", "name"]?.string,
        ]
    }

    private mutating func read(_ file: String) {
        names.append(file)
        do {
            for document in try YAML.documents(try ManifestFile.text(file)) { add(document.value, file, document.line) }
        } catch {
            problems.append("\(file): \(error)")
        }
    }

    private mutating func add(_ object: JSON, _ file: String, _ line: Int) {
        if object["kind"]?.string == "List" {
            for item in object["items"]?.array ?? [] { add(item, file, line) }
        } else {
            resources.append(Analysis.Resource(object, file: file, line: line))
        }
    }
}
