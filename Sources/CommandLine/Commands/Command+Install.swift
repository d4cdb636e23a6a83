internal import Base
internal import JSON
internal import YAML

extension Command {
    private static let operatorFlags: [Flag] = [
        Flag(
            "filename",
            "f",
            .strings,
            "Path to a file with an IstioOperator; may be given more than once, - is standard input"
        ),
        Flag("set", "s", .strings, "Override a setting, such as profile=demo or meshConfig.accessLogFile=/dev/stdout"),
        Flag("revision", "r", "Name of the control plane's revision"),
    ]

    private static let installFlags: [Flag] =
        operatorFlags + [
            Flag("skip-confirmation", "y", .bool, "Install without asking"),
            Flag(
                "readiness-timeout",
                "",
                .duration,
                default: "5m0s",
                "How long the control plane may take to become ready"
            ),
            Flag("dry-run", "", .bool, "Print what would be installed and change nothing"),
            Flag("verify", "", .bool, "Check the installation when it is done"),
        ]

    static let install = Command(
        name: "install",
        aliases: ["apply"],
        summary: "Applies an Istio manifest, installing or reconfiguring Istio on a cluster.",
        examples: """
            # Install with the default profile
            istioctl install

            # Install with the demo profile and the access log as JSON
            istioctl install --set profile=demo --set meshConfig.accessLogEncoding=JSON

            # Install what a file says
            istioctl install -f istio.yaml
            """,
        flags: installFlags,
        run: { try await install($0, isLegacy: false) }
    )

    static let manifest = Command(
        name: "manifest",
        summary: "Commands related to Istio manifests",
        subcommands: [
            Command(
                name: "apply",
                summary: "Applies an Istio manifest as Istio 1.4 does, with its mesh policy.",
                examples: """
                    istioctl manifest apply --set profile=demo \\
                      --set values.global.mtls.auto=true --set values.global.mtls.enabled=false
                    """,
                flags: installFlags,
                run: { try await install($0, isLegacy: true) }
            ),
            Command(
                name: "generate",
                summary: "Generates an Istio install manifest",
                examples: "istioctl manifest generate --set profile=demo | kubectl apply -f -",
                flags: operatorFlags,
                run: { invocation in
                    let installation = try Installation(invocation, isLegacy: false)
                    invocation.console.write(.output, YAML.text(documents: try Manifests(installation).all))
                }
            ),
        ]
    )

    private static func install(_ invocation: Invocation, isLegacy: Bool) async throws {
        let console = invocation.console
        let installation = try Installation(invocation, isLegacy: isLegacy)
        if invocation.bool("dry-run") {
            console.write(.output, YAML.text(documents: try Manifests(installation).all))
            return
        }
        let cluster = try await invocation.cluster()
        if !invocation.bool("skip-confirmation"), !isLegacy {
            let question =
                "This will install the Istio \(installation.tag) profile \"\(installation.profile.rawValue)\" "
                + "into the cluster. Proceed? (y/N) "
            guard Confirmation(console: console).ask(question) else { throw ExitError("Cancelled.") }
        }
        let installer = Installer(
            api: cluster.api,
            installation: installation,
            console: console,
            timeout: invocation.duration("readiness-timeout")
        )
        try await installer.install()
        if invocation.bool("verify") { try await Verification(api: cluster.api, console: console).verify(installation) }
    }
}

extension Installation {
    /// As the flags of an installing command say.
    init(_ invocation: Invocation, isLegacy: Bool) throws {
        let files = try invocation.strings("filename").map { path in (path, try ManifestFile.text(path)) }
        var sets = invocation.strings("set")
        if invocation.has("revision") { sets.append("revision=\(invocation.string("revision"))") }
        if invocation.has("istioNamespace") { sets.append("namespace=\(invocation.systemNamespace)") }
        try self.init(files: files, sets: sets, isLegacy: isLegacy)
    }
}

/// A question before something that changes the cluster.
struct Confirmation {
    let console: Console

    /// Whether to go on: what the person answers, or yes where there is nobody to ask.
    func ask(_ question: String) -> Bool {
        guard console.isInputTerminal else {
            console.complain("Standard input is not a terminal: proceeding without asking.")
            return true
        }
        while true {
            console.write(.output, question)
            switch console.readLine()?.lowercased() {
            case "y", "yes": return true
            case "n", "no", "", nil: return false
            default: console.print("Please answer y or n.")
            }
        }
    }
}
