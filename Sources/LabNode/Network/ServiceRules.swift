internal import Base

/// Where connections to one address and port of a Service go.
struct ServiceRule: Sendable, Hashable {
    struct Frontend: Sendable, Hashable, Comparable {
        let address: IPAddress
        /// `tcp` or `udp`.
        let transport: String
        let port: UInt16

        static func < (left: Self, right: Self) -> Bool {
            (left.address, left.transport, left.port) < (right.address, right.transport, right.port)
        }

        var element: String { "\(address) . \(transport) . \(port)" }
        var chain: String { "service-\(address)-\(transport)-\(port)" }
    }

    struct Backend: Sendable, Hashable, Comparable {
        let address: IPAddress
        let port: UInt16

        static func < (left: Self, right: Self) -> Bool { (left.address, left.port) < (right.address, right.port) }
    }

    /// Ready endpoints, sorted, without repetition.
    let backends: [Backend]
    /// `sessionAffinity: ClientIP`: a client always gets the same endpoint while the endpoints stay the same.
    let isSticky: Bool

    /// The rule of its chain.
    var statement: String {
        let targets = backends.enumerated().map { "\($0) : \($1.address) . \($1.port)" }.joined(separator: ", ")
        let choice = isSticky ? "jhash ip saddr" : "numgen random"
        return "dnat ip to \(choice) mod \(backends.count) map { \(targets) }"
    }
}

/// Writes the nftables rules that make Services' addresses work (nft(8)).
///
/// A change is one transaction that touches only what changed: connections never meet a half-written table.
struct ServiceRules: Sendable {
    let addresses: LabAddresses
    private(set) var rules: [ServiceRule.Frontend: ServiceRule] = [:]

    init(addresses: LabAddresses) { self.addresses = addresses }

    /// The table with everything but the Services.
    var foundation: String {
        let (bridge, node) = (addresses.bridge, addresses.node)
        let networks = addresses.serviceNetworks.joined(separator: ", ")
        let services = "{ \(networks) }"
        return """
            add table \(addresses.table)
            delete table \(addresses.table)
            table \(addresses.table) {
                map services { type ipv4_addr . inet_proto . inet_service : verdict; }
                set hairpin { type ipv4_addr . ipv4_addr; }
                chain prerouting {
                    type nat hook prerouting priority dstnat;
                    iifname "\(bridge)" ip daddr . meta l4proto . th dport vmap @services
                }
                chain local {
                    type nat hook output priority -100;
                    ip daddr . meta l4proto . th dport vmap @services
                }
                chain postrouting {
                    type nat hook postrouting priority srcnat;
                    ct status dnat ip saddr . ip daddr @hairpin masquerade
                }
                chain input {
                    type filter hook input priority filter;
                    ip daddr { \(node), \(networks) } iifname != { "lo", "\(bridge)" } drop
                }
                chain forward {
                    type filter hook forward priority filter;
                    iifname "\(bridge)" ip daddr \(services) meta l4proto tcp reject with tcp reset
                    iifname "\(bridge)" ip daddr \(services) reject
                    iifname "\(bridge)" oifname != "\(bridge)" reject with icmp net-unreachable
                    oifname "\(bridge)" iifname != "\(bridge)" drop
                }
                chain output {
                    type filter hook output priority filter;
                    ip daddr \(services) meta l4proto tcp reject with tcp reset
                    ip daddr \(services) reject
                }
            }

            """
    }

    /// Makes `new` the rules.
    ///
    /// - Returns: The transaction that brings the kernel there; empty when nothing changed.
    mutating func change(to new: [ServiceRule.Frontend: ServiceRule]) -> String {
        var script: [String] = []
        let old = rules
        rules = new.filter { !$0.value.backends.isEmpty }
        for frontend in old.keys.sorted() where rules[frontend] == nil {
            script.append("delete element \(addresses.table) services { \(frontend.element) }")
            script.append("flush chain \(addresses.table) \(frontend.chain)")
            script.append("delete chain \(addresses.table) \(frontend.chain)")
        }
        for (frontend, rule) in rules.sorted(by: { $0.key < $1.key }) where old[frontend] != rule {
            let isNew = old[frontend] == nil
            script.append("\(isNew ? "add" : "flush") chain \(addresses.table) \(frontend.chain)")
            let match = "meta l4proto \(frontend.transport)"
            script.append("add rule \(addresses.table) \(frontend.chain) \(match) \(rule.statement)")
            if isNew {
                script.append(
                    "add element \(addresses.table) services { \(frontend.element) : goto \(frontend.chain) }"
                )
            }
        }
        script += hairpinChanges(from: old)
        return script.map { $0 + "\n" }.joined()
    }

    /// A pod that reaches itself through a Service must see another sender than itself, or it would answer to itself.
    private func hairpinChanges(from old: [ServiceRule.Frontend: ServiceRule]) -> [String] {
        let before = Set(old.values.flatMap(\.backends).map(\.address))
        let after = Set(rules.values.flatMap(\.backends).map(\.address))
        let table = addresses.table
        let change = { (verb: String, addresses: Set<IPAddress>) -> [String] in
            if addresses.isEmpty { return [] }
            let pairs = addresses.sorted().map { "\($0) . \($0)" }.joined(separator: ", ")
            return ["\(verb) element \(table) hairpin { \(pairs) }"]
        }
        return change("add", after.subtracting(before)) + change("delete", before.subtracting(after))
    }
}
