/// A service that Kubernetes does not know (networking.istio.io ServiceEntry).
public struct ServiceEntry: IstioResource {
    public enum Location: String, CaseIterable, Sendable {
        case external = "MESH_EXTERNAL"
        case `internal` = "MESH_INTERNAL"
    }

    public enum Resolution: String, CaseIterable, Sendable {
        case none = "NONE"
        case fixed = "STATIC"
        case dns = "DNS"
        case dnsRoundRobin = "DNS_ROUND_ROBIN"
        case dynamicDNS = "DYNAMIC_DNS"
    }

    public struct Port: Hashable, Sendable {
        public var number: Int
        /// Empty means that it is found out from the first bytes.
        public var protocolName: String
        public var name: String
        public var targetPort: Int?
    }

    public var metadata: Metadata
    public var hosts: [String]
    public var addresses: [String]
    public var ports: [Port]
    public var location: Location
    public var resolution: Resolution
    public var endpoints: [WorkloadEntry.Workload]
    public var workloadSelector: WorkloadSelector?
    public var exportTo: [String]
    public var subjectAltNames: [String]

    public init(metadata: Metadata, spec: inout FieldReader) {
        self.metadata = metadata
        hosts = spec.strings("hosts") ?? []
        addresses = spec.strings("addresses") ?? []
        ports = spec.list("ports") { port in
            Port(
                number: port.int("number") ?? 0,
                protocolName: port.string("protocol") ?? "",
                name: port.string("name") ?? "",
                targetPort: port.int("targetPort")
            )
        }
        location = spec.choice("location", Location.self) ?? .external
        resolution = spec.choice("resolution", Resolution.self) ?? .none
        endpoints = spec.list("endpoints", WorkloadEntry.Workload.init)
        workloadSelector = spec.workloadSelector("workloadSelector", labels: "labels")
        exportTo = spec.strings("exportTo") ?? []
        subjectAltNames = spec.strings("subjectAltNames") ?? []
    }

    public func validate(in context: ValidationContext) -> Validation {
        var result = Validation()
        result.error(if: hosts.isEmpty, "service entry must have at least one host")
        for host in hosts {
            if host == "*" {
                result.error("invalid host *")
            } else if let problem = domainNameProblem(host, allowsWildcard: true) {
                result.error(problem)
            }
        }
        result.error(
            if: workloadSelector != nil && !endpoints.isEmpty,
            "only one of WorkloadSelector or Endpoints is allowed in Service Entry"
        )
        result.error(
            if: resolution != .none && resolution != .fixed && addresses.contains { $0.contains("/") },
            "CIDR addresses are allowed only for NONE/STATIC resolution types"
        )
        return result + validatePorts() + validateEndpoints() + validateDynamicDNS()
            + validateExportTo(exportTo, namespace: metadata.namespace, allowsNone: true)
    }

    private func validatePorts() -> Validation {
        var result = Validation()
        var names: Set<String> = []
        var numbers: Set<Int> = []
        for port in ports {
            result.error(
                if: !names.insert(port.name).inserted,
                "service entry port name \(goQuoted(port.name)) already defined"
            )
            result.error(
                if: !numbers.insert(port.number).inserted,
                "service entry port \(port.number) already defined"
            )
            result.error(
                if: !(1...65535).contains(port.number),
                "port number \(port.number) must be in the range 1..65535"
            )
        }
        return result
    }

    private func validateEndpoints() -> Validation {
        var result = Validation()
        result.error(
            if: resolution == .none && !endpoints.isEmpty,
            "no endpoints should be provided for resolution type none"
        )
        result.error(
            if: resolution == .dnsRoundRobin && endpoints.count > 1,
            "there must only be 0 or 1 endpoint for resolution mode DNS_ROUND_ROBIN"
        )
        for endpoint in endpoints where resolution == .dns || resolution == .dnsRoundRobin {
            result.error(
                if: !Self.isHost(endpoint.address),
                "endpoint address \(goQuoted(endpoint.address)) is not a valid FQDN or an IP address"
            )
        }
        let names = Set(ports.map(\.name))
        for endpoint in endpoints {
            for name in endpoint.ports.keys.sorted() where !names.contains(name) {
                result.error("endpoint port \(name) is not defined by the service entry")
            }
        }
        return result
    }

    /// Envoy's sockets are for endpoints of any kind; a name is, too.
    private static func isHost(_ address: String) -> Bool {
        address.hasPrefix("unix://") || address.contains(":") || domainNameProblem(address) == nil
    }

    /// A forward proxy for the names within a wildcard can be asked only in ways that name them.
    private func validateDynamicDNS() -> Validation {
        var result = Validation()
        guard resolution == .dynamicDNS else { return result }
        for host in hosts where !host.hasPrefix("*.") {
            result.error(
                "resolution DYNAMIC_DNS is for hosts with a wildcard, and \(goQuoted(host)) has none; use DNS for it"
            )
        }
        result.error(if: !addresses.isEmpty, "addresses must be empty for resolution DYNAMIC_DNS")
        result.error(
            if: !endpoints.isEmpty || workloadSelector != nil,
            "no endpoints and no workloadSelector may be given for resolution DYNAMIC_DNS"
        )
        for port in ports where !["HTTP", "HTTP2", "GRPC", "TLS"].contains(port.protocolName.uppercased()) {
            result.error(
                "port \(port.number) has protocol \(goQuoted(port.protocolName)); with resolution DYNAMIC_DNS only HTTP, "
                    + "HTTP2, GRPC and TLS name the host that is meant"
            )
        }
        return result
    }
}
