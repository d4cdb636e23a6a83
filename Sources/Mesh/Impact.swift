public import Kubernetes

/// What may be decided otherwise after a change; whatever it does not name is decided as before.
public struct Impact: Hashable, Sendable {
    /// Any decision at all.
    public var everything = false
    /// Namespaces in which policies changed: the destinations of their services and the inbound policies of their workloads.
    public var policyNamespaces: Set<String> = []
    /// Namespaces in which services changed: the inbound policies of their workloads.
    public var inboundNamespaces: Set<String> = []
    /// Hosts whose destinations and routes changed.
    public var hosts: Set<String> = []
    /// Hosts beginning with `*`: the destinations of all hosts that match.
    public var hostPatterns: Set<String> = []
    /// Workloads whose inbound policies changed.
    public var workloads: Set<ObjectKey> = []
    /// Addresses that mean something else now.
    public var addresses: Set<String> = []
    /// Ports on which unknown addresses mean something else now.
    public var ports: Set<Int> = []

    /// Hosts, also beginning with `*`, for which sidecars have other routes.
    public var routedHosts: Set<String> = []
    /// Gateways, `namespace/name` each, with other routes.
    public var gateways: Set<String> = []
    /// Whether gateways may have other servers.
    public var servers = false

    public init() {}

    static let all = {
        var impact = Impact()
        impact.everything = true
        return impact
    }()

    public var isEmpty: Bool { self == Impact() }

    public func affectsDestination(host: String, namespace: String) -> Bool {
        everything || hosts.contains(host) || policyNamespaces.contains(namespace)
            || hostPatterns.contains { RuleIndex.matches($0, host) }
    }

    public func affectsInbound(_ workload: ObjectKey) -> Bool {
        everything || workloads.contains(workload) || policyNamespaces.contains(workload.namespace)
            || inboundNamespaces.contains(workload.namespace)
    }

    public func affectsRoute(address: String, port: Int) -> Bool {
        everything || addresses.contains(address) || ports.contains(port)
    }

    /// Whether a request for an authority, as a client may write it, may mean something else.
    public func affectsRoute(authority: String) -> Bool {
        // Which service a name means depends on which services there are.
        if everything || !hosts.isEmpty || !addresses.isEmpty { return true }
        // A pod of a headless service has one label more than the service.
        let names = [authority, authority.drop { $0 != "." }.dropFirst().description].filter { !$0.isEmpty }
        return routedHosts.contains { host in
            host.hasPrefix("*") || names.contains { host == $0 || host.hasPrefix("\($0).") }
        }
    }

    /// Whether what gateways open may be something else.
    public var affectsGateways: Bool {
        everything || servers || !gateways.isEmpty || !inboundNamespaces.isEmpty || !workloads.isEmpty
    }

    public mutating func formUnion(_ other: Impact) {
        everything = everything || other.everything
        policyNamespaces.formUnion(other.policyNamespaces)
        inboundNamespaces.formUnion(other.inboundNamespaces)
        hosts.formUnion(other.hosts)
        hostPatterns.formUnion(other.hostPatterns)
        workloads.formUnion(other.workloads)
        addresses.formUnion(other.addresses)
        ports.formUnion(other.ports)
        routedHosts.formUnion(other.routedHosts)
        gateways.formUnion(other.gateways)
        servers = servers || other.servers
    }
}
