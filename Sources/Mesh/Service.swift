internal import JSON
internal import Kubernetes
public import MeshAPI

/// A name with ports that clients connect to: a Kubernetes Service, or a host of a ServiceEntry.
public struct Service: Hashable, Sendable {
    public enum TargetPort: Hashable, Sendable {
        case number(Int)
        /// The name of a container's port.
        case name(String)
    }

    public struct Port: Hashable, Sendable {
        public var name: String
        public var number: Int
        public var target: TargetPort
        public var spoken: PortProtocol
        /// The port as declared, for messages: whether its name or appProtocol told the protocol.
        public var isDeclared: Bool { spoken != .auto }
    }

    /// How a connection finds its endpoint.
    public enum Resolution: Hashable, Sendable {
        /// One of the endpoints is chosen.
        case endpoints
        /// The address that the client chose (headless services, ServiceEntry NONE).
        case originalDestination
        /// Where the host leads that the request or the TLS names (ServiceEntry DYNAMIC_DNS, and DNS for a host with a
        /// wildcard).
        case requestedHost
    }

    /// The fully qualified name, lower case.
    public var host: String
    public var metadata: Metadata
    /// The virtual addresses; none when headless.
    public var addresses: [String] = []
    /// Where it is reached from outside of the cluster (`status.loadBalancer`, `spec.externalIPs`).
    public var externalAddresses: [String] = []
    public var selector: [String: String] = [:]
    public var ports: [Port] = []
    public var resolution = Resolution.endpoints
    /// Outside the mesh (ServiceEntry MESH_EXTERNAL): never automatic mutual TLS.
    public var isExternal = false
    /// A Kubernetes Service of type ExternalName: a name for another name.
    public var isAlias = false
    /// From a ServiceEntry rather than from Kubernetes.
    public var isEntry = false
    /// Names that servers may have besides their service accounts (ServiceEntry).
    public var subjectAltNames: [String] = []
    /// Namespaces that see it, `.` and `*`; empty means `meshConfig.defaultServiceExportTo`.
    public var exportTo: [String] = []
    /// Endpoints that the entry itself lists.
    var inlineEndpoints: [ServiceEndpoint] = []

    public var namespace: String { metadata.namespace }

    public func port(_ number: Int) -> Port? { ports.first { $0.number == number } }
}

extension Service {
    /// Reads a Kubernetes Service; what it lacks counts as empty.
    init(kubernetes object: JSON, clusterDomain: String) {
        metadata = Metadata(of: object)
        host = "\(metadata.name).\(metadata.namespace).svc.\(clusterDomain)"
        let spec = object["spec"] ?? [:]
        isAlias = spec["type"] == "ExternalName"
        selector = spec["selector"]?.strings ?? [:]
        let clusterIPs = spec["clusterIPs"]?.array?.compactMap(\.string) ?? []
        let first = spec["clusterIP"]?.string ?? ""
        let isHeadless = first == "None"
        // A name for another name leads to whatever address DNS gave the client, outside the mesh.
        resolution = isHeadless || isAlias ? .originalDestination : .endpoints
        isExternal = isAlias
        if !isHeadless { addresses = (clusterIPs.isEmpty ? [first] : clusterIPs).filter { !$0.isEmpty } }
        externalAddresses =
            (object["status", "loadBalancer", "ingress"]?.array ?? []).compactMap {
                ($0["ip"] ?? $0["hostname"])?.string
            }
            + (spec["externalIPs"]?.array ?? []).compactMap(\.string)
        exportTo =
            metadata.annotations["networking.istio.io/exportTo"]?.split(separator: ",")
            .map { $0.filter { $0 != " " } } ?? []
        ports = (spec["ports"]?.array ?? []).compactMap { port in
            guard let number = port["port"]?.int.flatMap({ Int(exactly: $0) }) else { return nil }
            let name = port["name"]?.string ?? ""
            let target: TargetPort =
                switch port["targetPort"] {
                case .string(let name)?: Int(name).map(TargetPort.number) ?? .name(name)
                case .int(let target)? where target > 0: .number(Int(target))
                default: .number(number)
                }
            let spoken = PortProtocol(
                transport: port["protocol"]?.string ?? "TCP",
                appProtocol: port["appProtocol"]?.string,
                name: name,
                number: number
            )
            return Port(name: name, number: number, target: target, spoken: spoken)
        }
    }

    /// The services that a ServiceEntry stands for: one for each host.
    static func services(of entry: ServiceEntry) -> [Service] {
        entry.hosts.map { host in
            var service = Service(host: host.lowercased(), metadata: entry.metadata)
            service.isEntry = true
            service.addresses = entry.addresses.filter { !$0.contains("/") }
            service.isExternal = entry.location == .external
            service.resolution = Self.resolution(of: entry, host: host)
            service.selector = entry.workloadSelector?.matchLabels ?? [:]
            service.subjectAltNames = entry.subjectAltNames
            service.exportTo = entry.exportTo
            service.ports = entry.ports.map { port in
                Port(
                    name: port.name,
                    number: port.number,
                    target: .number(port.targetPort ?? port.number),
                    spoken: PortProtocol(named: port.protocolName)
                )
            }
            service.inlineEndpoints = entry.endpoints.map { ServiceEndpoint($0, of: entry) }
            // Names of its own endpoints are resolved by the proxy; without any, the host itself is.
            // One that stands for all it may be asked for has the wildcard in place of a name.
            if service.resolution != .originalDestination, entry.resolution != .fixed, entry.endpoints.isEmpty,
                entry.workloadSelector == nil
            {
                service.inlineEndpoints = [ServiceEndpoint(address: service.host, of: entry)]
            }
            return service
        }
    }

    private static func resolution(of entry: ServiceEntry, host: String) -> Resolution {
        switch entry.resolution {
        case .fixed: .endpoints
        case .dns, .dnsRoundRobin:
            entry.endpoints.isEmpty && entry.workloadSelector == nil && host.hasPrefix("*")
                ? .requestedHost : .endpoints
        case .dynamicDNS: .requestedHost
        case .none: .originalDestination
        }
    }

    /// Whether this has a host that both claim: Kubernetes before entries, then the older one.
    func precedes(_ other: Service) -> Bool {
        isEntry != other.isEntry ? !isEntry : metadata.precedes(other.metadata)
    }

    /// Whether clients in `namespace` see it.
    func isVisible(to namespace: String, default defaultExportTo: [String]) -> Bool {
        (exportTo.isEmpty ? defaultExportTo : exportTo).contains { entry in
            entry == "*" || entry == namespace || (entry == "." && namespace == self.namespace)
        }
    }
}
