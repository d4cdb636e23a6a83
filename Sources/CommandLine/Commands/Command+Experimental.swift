extension Command {
    static let experimental = Command(
        name: "experimental",
        aliases: ["x", "exp"],
        summary: "Experimental commands that may be modified or deprecated",
        subcommands: [.describe, .precheck]
    )
}
