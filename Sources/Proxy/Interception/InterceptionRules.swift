/// The nftables script that leads a pod's traffic through its proxy, with the effect of Istio's iptables chains
/// (`tools/istio-iptables/pkg/capture/run.go`).
///
/// One table of family `inet` serves IPv4 and IPv6. Applying it again replaces it in one transaction.
struct InterceptionRules {
    static let table = "inet apus"

    /// Removes the rules; no error when there are none.
    static let removal = "table \(table) {}\ndelete table \(table)\n"

    var options: InterceptionOptions

    /// The whole script, for `nft -f -`.
    var script: String {
        var lines = ["table \(Self.table) {}", "delete table \(Self.table)", "table \(Self.table) {"]
        lines += chain("inbound", inbound)
        lines += chain("outbound", outbound)
        lines += chain("prerouting", ["type nat hook prerouting priority dstnat; policy accept;"] + prerouting)
        // Istio's rules stand in iptables' OUTPUT chain, which has the same place.
        lines += chain("output", ["type nat hook output priority -100; policy accept;", "jump outbound"])
        lines.append("}")
        return lines.joined(separator: "\n") + "\n"
    }

    private func chain(_ name: String, _ rules: [String]) -> [String] {
        ["    chain \(name) {"] + rules.map { "        \($0)" } + ["    }"]
    }

    private var toOutbound: String { "redirect to :\(options.outboundPort)" }
    private var toInbound: String { "redirect to :\(options.inboundPort)" }

    private var prerouting: [String] {
        var rules = options.excludedInterfaces.map { "iifname \"\($0)\" return" }
        for interface in options.virtualInterfaces {
            rules += includedNetworkRules(prefix: "iifname \"\(interface)\" ")
            rules.append("iifname \"\(interface)\" return")
        }
        return rules + ["meta l4proto tcp jump inbound"]
    }

    private var inbound: [String] {
        var rules = ["tcp dport \(options.tunnelPort) return"]
        switch options.includedInboundPorts {
        case .all:
            if !options.excludedInboundPorts.isEmpty {
                rules.append("tcp dport \(set(options.excludedInboundPorts)) return")
            }
            rules.append("meta l4proto tcp \(toInbound)")
        case .only(let ports):
            if !ports.isEmpty { rules.append("tcp dport \(set(ports)) \(toInbound)") }
        }
        return rules
    }

    private var outbound: [String] {
        var rules = options.excludedInterfaces.map { "oifname \"\($0)\" return" }
        if !options.excludedOutboundPorts.isEmpty {
            rules.append("meta l4proto { tcp, udp } th dport \(set(options.excludedOutboundPorts)) return")
        }
        // The proxy hands connections for undeclared ports to the application from these addresses.
        rules += ["oifname \"lo\" ip saddr 127.0.0.6 return", "oifname \"lo\" ip6 saddr ::6 return"]
        for user in options.users { rules += ownerRules("skuid", user) }
        for group in options.groups { rules += ownerRules("skgid", group) }
        rules += ["ip daddr 127.0.0.1 return", "ip6 daddr ::1 return"]
        for network in options.excludedNetworks { rules.append("\(address(network)) return") }
        if !options.includedOutboundPorts.isEmpty {
            rules.append("tcp dport \(set(options.includedOutboundPorts)) \(toOutbound)")
        }
        return rules + includedNetworkRules(prefix: "")
    }

    /// Rules for connections of the proxy (the owner), and for connections of others over the loopback interface.
    private func ownerRules(_ match: String, _ owner: UInt32) -> [String] {
        let called = "meta l4proto tcp tcp dport != \(options.tunnelPort) meta \(match) \(owner) \(toInbound)"
        return [
            // The application called its own service: the proxy's way back in goes through the inbound listener.
            "oifname \"lo\" ip daddr != 127.0.0.1 \(called)",
            "oifname \"lo\" ip6 daddr != ::1 \(called)",
            // The application called its own address: not the proxy's business.
            "oifname \"lo\" meta \(match) != \(owner) return",
            "meta \(match) \(owner) return",
        ]
    }

    private func includedNetworkRules(prefix: String) -> [String] {
        switch options.includedNetworks {
        case .all: ["\(prefix)meta l4proto tcp \(toOutbound)"]
        case .only(let networks):
            networks.map { "\(prefix)\(address($0)) meta l4proto tcp \(toOutbound)" }
        }
    }

    private func address(_ network: InterceptionOptions.Network) -> String {
        "\(network.isIPv6 ? "ip6" : "ip") daddr \(network.text)"
    }

    private func set(_ ports: [UInt16]) -> String { "{ \(ports.map(String.init).joined(separator: ", ")) }" }
}
