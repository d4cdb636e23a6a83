internal import Base
internal import Discovery

/// All that a worker decides by, at one moment: immutable, shared by all workers, replaced as a whole.
final class ProxyTables: Sendable {
    /// An HTTP authority without port, in lower case, as seen on one listener port.
    struct HostKey: Hashable, Sendable {
        var host: String
        var port: UInt16
    }

    /// What the tables are made from.
    struct Content: Sendable {
        var mesh = MeshSettings()
        /// Nil until the control plane has said what this workload accepts; then everything is refused.
        var inbound: InboundPolicy?
        var addresses: [SocketAddress: AddressRoute] = [:]
        var hosts: [HostKey: HostRoute] = [:]
        var destinations: [String: Destination] = [:]
        /// What a gateway listens on; nil for a sidecar, and until the control plane has said it.
        var gateway: GatewayConfiguration?
        var routeTables: [String: RouteTable] = [:]
        var secrets: [String: Credential] = [:]
        /// What holds for addresses that ``addresses`` does not list; nil asks the control plane.
        var otherAddresses: AddressRoute?
        /// What holds for hosts that ``hosts`` does not list; nil asks the control plane.
        var otherHosts: HostRoute?
    }

    let content: Content
    let ports: [UInt16: InboundPolicy.Port]
    let credentials: Credentials?
    /// The routes of ``content``, made ready.
    let routing: RoutingTables
    /// ``Content/gateway`` made ready; nil for a sidecar.
    let gateway: GatewayTables?

    /// - Parameter predecessor: Of whose gateway tables is kept what stays the same.
    init(_ content: Content, credentials: Credentials?, routing: RoutingTables, predecessor: GatewayTables? = nil) {
        self.content = content
        self.credentials = credentials
        self.routing = routing
        gateway = content.gateway.map {
            GatewayTables.following(predecessor, $0, secrets: content.secrets, workload: credentials)
        }
        let declared = content.inbound?.ports ?? []
        ports = Dictionary(declared.map { ($0.number, $0) }) { first, _ in first }
    }

    /// The policy for a port of the application; nil when no policy has arrived at all.
    func policy(port: UInt16) -> InboundPolicy.Port? {
        guard let inbound = content.inbound else { return nil }
        return ports[port]
            ?? InboundPolicy.Port(
                number: port,
                application: .auto,
                mode: inbound.otherMode,
                reason: inbound.otherReason
            )
    }

    func isDeclared(port: UInt16) -> Bool { ports[port] != nil }

    func route(to address: SocketAddress) -> AddressRoute? { content.addresses[address] ?? content.otherAddresses }

    /// Whether something is known by that name, if only that there is nothing.
    func knows(_ name: ResourceName) -> Bool {
        switch name {
        case .mesh, .trust: true
        case .inbound: content.inbound != nil
        case .address(let ip, let port):
            IPAddress(ip).map { route(to: SocketAddress($0, port: port)) != nil } ?? false
        case .host(let host, let port): route(host: host, port: port) != nil
        case .destination(let name): content.destinations[name] != nil
        case .gateway: content.gateway != nil
        case .routes(let name): content.routeTables[name] != nil
        case .credential(let name): content.secrets[name] != nil
        }
    }

    /// Whether the secrets that `tls` names are the same in both.
    func hasSameSecrets(as other: ProxyTables, for tls: ClientTLS) -> Bool {
        ClientMaterial(tls, secrets: content.secrets) == ClientMaterial(tls, secrets: other.content.secrets)
    }

    /// A secret that `tls` names and of which nothing has come, not even that there is none; nil when there is no such.
    func awaitedSecret(of tls: ClientTLS) -> String? {
        var names = tls.rootsSecret.isEmpty ? [] : [tls.rootsSecret]
        if case .secret(let name) = tls.credential { names.append(name) }
        return names.first { content.secrets[$0] == nil }
    }

    /// The same for what a server is to show, and whom it is to believe.
    func awaitedSecret(of tls: ServerTLS) -> String? {
        var names: [String] = []
        if case .credentials(let own) = tls.certificates { names = own }
        if case .credential(let roots)? = tls.roots { names.append(roots) }
        return names.first { content.secrets[$0] == nil }
    }

    func route(host: String, port: UInt16) -> HostRoute? {
        content.hosts[HostKey(host: host, port: port)] ?? content.otherHosts
    }
}
