internal import Base
internal import Subprocess

/// `apus-proxy istio-iptables` and `istio-clean`: the pod's packet filter, by `nft`.
enum InterceptionCommand {
    static func apply(_ arguments: [String]) async throws -> Int32 {
        let options = try InterceptionOptions(arguments: arguments)
        let script = InterceptionRules(options: options).script
        if options.isDryRun {
            print(script)
            return 0
        }
        try await load(script)
        await allowPassthroughSource()
        Log("iptables").info(
            "traffic redirected: outbound to \(options.outboundPort), inbound to \(options.inboundPort)"
        )
        return 0
    }

    static func remove() async throws -> Int32 {
        try await load(InterceptionRules.removal)
        return 0
    }

    /// The IPv6 address from which the proxy calls the application must be one of this pod's; IPv4's loopback has it.
    private static func allowPassthroughSource() async {
        // Refused where there is no IPv6, and by a repeated call: either is fine.
        _ = try? await Subprocess("ip", ["-6", "addr", "add", "::6/128", "dev", "lo"]).run()
    }

    private static func load(_ script: String) async throws {
        do {
            try await Subprocess("nft", ["-f", "-"]).runSuccessfully(input: Array(script.utf8), timeout: .seconds(30))
        } catch {
            throw MeshError(
                .unavailable,
                "nft refused the rules; the container needs NET_ADMIN, and the kernel nf_tables with nat and redirect",
                cause: error
            )
        }
    }
}
