internal import Base

/// What of a pod's traffic is led through its proxy; the flags of `istio-iptables`, with Istio's defaults.
struct InterceptionOptions: Hashable, Sendable {
    /// A set of ports or networks: all, or those listed.
    enum Selection<Element: Hashable & Sendable>: Hashable, Sendable {
        case all
        case only([Element])
    }

    /// An IPv4 or IPv6 network in CIDR form, as nftables takes it.
    struct Network: Hashable, Sendable {
        var text: String
        var isIPv6: Bool { text.utf8.contains(UInt8(ascii: ":")) }
    }

    /// `-p`: where outbound connections go.
    var outboundPort: UInt16 = 15001
    /// `-z`: where inbound connections go.
    var inboundPort: UInt16 = 15006
    /// `-e`: never redirected on the way in; HBONE's port.
    var tunnelPort: UInt16 = 15008
    /// `-u`: connections of these users are the proxy's own.
    var users: [UInt32] = [1337]
    /// `-g`: connections of these groups are the proxy's own.
    var groups: [UInt32] = [1337]
    /// `-i`: destinations whose outbound connections are redirected.
    var includedNetworks: Selection<Network> = .only([])
    /// `-x`: destinations whose outbound connections are left alone.
    var excludedNetworks: [Network] = []
    /// `-b`: ports whose inbound connections are redirected.
    var includedInboundPorts: Selection<UInt16> = .only([])
    /// `-d`: ports whose inbound connections are left alone, when ``includedInboundPorts`` is all.
    var excludedInboundPorts: [UInt16] = []
    /// `-q`: ports whose outbound connections are redirected, whatever their address.
    var includedOutboundPorts: [UInt16] = []
    /// `-o`: ports whose outbound connections are left alone.
    var excludedOutboundPorts: [UInt16] = []
    /// `-c`: interfaces whose traffic is left alone.
    var excludedInterfaces: [String] = []
    /// `-k`: interfaces of virtual machines, whose traffic counts as outbound.
    var virtualInterfaces: [String] = []
    /// `-n`: print the rules and change nothing.
    var isDryRun = false

    /// Reads the arguments of `istio-iptables`; an empty value of a list means none.
    ///
    /// - Throws: ``MeshError`` of code `invalidConfiguration` that names the flag.
    init(arguments: [String]) throws(MeshError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let flag = parts[0]
            if try applySwitch(flag) { continue }
            guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
                throw MeshError(.invalidConfiguration, "flag \(flag) needs a value")
            }
            try apply(flag, value)
        }
    }

    init() {}

    private mutating func applySwitch(_ flag: String) throws(MeshError) -> Bool {
        switch flag {
        case "-n", "--dry-run":
            isDryRun = true
            return true
        case "-f", "--force-apply", "--reconcile", "--redirect-dns", "--capture-all-dns", "--drop-invalid",
            "--dual-stack",
            "--run-validation", "--skip-rule-apply", "--cleanup-only", "--native-nftables":
            return true
        default: return false
        }
    }

    private mutating func apply(_ flag: String, _ value: String) throws(MeshError) {
        switch flag {
        case "-p", "--envoy-port": outboundPort = try port(flag, value)
        case "-z", "--inbound-capture-port": inboundPort = try port(flag, value)
        case "-e", "--inbound-tunnel-port": tunnelPort = try port(flag, value)
        case "-u", "--proxy-uid": users = try list(flag, value, number)
        case "-g", "--proxy-gid": groups = try list(flag, value, number)
        case "-m", "--istio-inbound-interception-mode": try requireRedirect(value)
        case "-i", "--istio-service-cidr": includedNetworks = try selection(flag, value, network)
        case "-x", "--istio-service-exclude-cidr": excludedNetworks = try list(flag, value, network)
        case "-b", "--istio-inbound-ports": includedInboundPorts = try selection(flag, value, port)
        case "-d", "--istio-local-exclude-ports": excludedInboundPorts = try list(flag, value, port)
        case "-q", "--istio-outbound-ports": includedOutboundPorts = try list(flag, value, port)
        case "-o", "--istio-local-outbound-ports-exclude", "--istio-outbound-ports-exclude":
            excludedOutboundPorts = try list(flag, value, port)
        case "-c", "--istio-exclude-interfaces": excludedInterfaces = try list(flag, value, interface)
        case "-k", "--kube-virt-interfaces": virtualInterfaces = try list(flag, value, interface)
        case "-t", "--istio-inbound-tproxy-mark", "-r", "--istio-inbound-tproxy-route-table", "--log_output_level",
            "--iptables-probe-port", "--probe-timeout", "--iptables-version", "--network-namespace":
            break  // Istio's own switches that have no counterpart here.
        default: throw MeshError(.invalidConfiguration, "unknown flag \(flag) of istio-iptables")
        }
    }

    private func requireRedirect(_ mode: String) throws(MeshError) {
        guard mode == "REDIRECT" else {
            throw MeshError(
                .invalidConfiguration,
                "flag -m: interception mode \(mode) is not supported; remove the annotation"
                    + " sidecar.istio.io/interceptionMode or set it to REDIRECT"
            )
        }
    }

    private func selection<Element>(
        _ flag: String,
        _ value: String,
        _ element: (String, String) throws(MeshError) -> Element
    ) throws(MeshError) -> Selection<Element> {
        value == "*" ? .all : .only(try list(flag, value, element))
    }

    private func list<Element>(
        _ flag: String,
        _ value: String,
        _ element: (String, String) throws(MeshError) -> Element
    ) throws(MeshError) -> [Element] {
        var elements: [Element] = []
        for item in value.split(separator: ",") {
            let trimmed = item.filter { $0 != " " }
            if !trimmed.isEmpty { elements.append(try element(flag, trimmed)) }
        }
        return elements
    }

    private func port(_ flag: String, _ text: String) throws(MeshError) -> UInt16 {
        guard let port = UInt16(text), port > 0 else {
            throw MeshError(.invalidConfiguration, "flag \(flag): \(text) is not a port (1 through 65535)")
        }
        return port
    }

    private func number(_ flag: String, _ text: String) throws(MeshError) -> UInt32 {
        guard let number = UInt32(text) else {
            throw MeshError(.invalidConfiguration, "flag \(flag): \(text) is not a number of a user or group")
        }
        return number
    }

    /// Accepts only what cannot leave its place in the rules: digits, dots, colons and one slash.
    private func network(_ flag: String, _ text: String) throws(MeshError) -> Network {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        guard isPlain, text.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }) else {
            throw MeshError(.invalidConfiguration, "flag \(flag): \(text) is not a network such as 10.0.0.0/8")
        }
        return Network(text: text)
    }

    private func interface(_ flag: String, _ text: String) throws(MeshError) -> String {
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isName, text.utf8.count <= 15 else {
            throw MeshError(.invalidConfiguration, "flag \(flag): \(text) is not the name of a network interface")
        }
        return text
    }
}
