internal import Base
internal import Glibc

/// `apus-proxy istio-iptables` and `istio-clean`: the pod's packet filter, by `nft`.
enum InterceptionCommand {
    static func apply(_ arguments: [String]) throws -> Int32 {
        let options = try InterceptionOptions(arguments: arguments)
        let script = InterceptionRules(options: options).script
        if options.isDryRun {
            print(script)
            return 0
        }
        try load(script)
        allowPassthroughSource()
        Log("iptables").info(
            "traffic redirected: outbound to \(options.outboundPort), inbound to \(options.inboundPort)"
        )
        return 0
    }

    static func remove() throws -> Int32 {
        try load(InterceptionRules.removal)
        return 0
    }

    /// The IPv6 address from which the proxy calls the application must be one of this pod's; IPv4's loopback has it.
    private static func allowPassthroughSource() {
        _ = try? ChildProcess.run(["ip", "-6", "addr", "add", "::6/128", "dev", "lo"])
    }

    private static func load(_ script: String) throws {
        let status = try ChildProcess.run(["nft", "-f", "-"], input: Array(script.utf8))
        guard status == 0 else {
            throw MeshError(
                .unavailable,
                "nft refused the rules (status \(status)): the container needs NET_ADMIN, and the kernel nf_tables with nat and redirect"
            )
        }
    }
}
