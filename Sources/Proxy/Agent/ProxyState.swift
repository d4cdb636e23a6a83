internal import Base
internal import Discovery
internal import Synchronization
internal import TLS

/// All that the control plane has said and the authority has signed; becomes the workers' tables.
///
/// The last good state stays in use while the control plane is away.
final class ProxyState: Sendable {
    private struct State {
        var resources: [ResourceName: Resource] = [:]
        var identity: TLSIdentity?
        /// The roots that came with the certificate; used until the control plane sends its bundle.
        var signingRoots = ""
        var credentials: Credentials?
        var gateway: GatewayTables?
        var basis: Basis?
        var routing = RoutingTables.empty
    }

    /// What credentials are made from, apart from the certificate itself: when it stays the same, so do they.
    private struct Basis: Equatable {
        var leaf: String
        var roots: String
        var trustDomains: [String]
        var minimumVersion: TLSVersion
        var cipherSuites: [String]
    }

    private let state = Mutex(State())
    private let trustDomain: String
    private let required: Set<ResourceName>
    private let names = NameResolution()
    private let publish: Mutex<(@Sendable (ProxyTables) -> Void)?>

    /// - Parameter required: What nothing can be served without.
    init(trustDomain: String, required: Set<ResourceName> = AgentRole.sidecar.required) {
        (self.trustDomain, self.required) = (trustDomain, required)
        publish = Mutex(nil)
    }

    /// From now on `body` gets every new version of the tables.
    func onChange(_ body: @escaping @Sendable (ProxyTables) -> Void) { publish.withLock { $0 = body } }

    /// Takes over what a response changes, all or nothing.
    ///
    /// - Throws: ``MeshError`` when it cannot be used; everything stays as it was then.
    func apply(_ update: DiscoveryUpdate) throws(MeshError) {
        try change { (state) throws(MeshError) in
            for (name, resource) in update.changed { state.resources[name] = resource }
            for name in update.removed { state.resources[name] = nil }
        }
    }

    /// Takes over what a response changes, once the names in it have been looked up.
    func prepareAndApply(_ update: DiscoveryUpdate) async throws {
        await names.prepare(update.changed.values.flatMap(NameResolution.names))
        try apply(update)
    }

    /// Looks up the names of endpoints again, and tells the workers when one has other addresses.
    func refreshNames() async {
        let wanted = Set(resources.values.flatMap(NameResolution.names))
        guard await names.refresh(wanted) else { return }
        do {
            try change { _ in }
        } catch {
            Log("dns").error("new addresses are not used, the old ones stay: \(error)")
        }
    }

    /// Makes the gateway's TLS anew if a file or the time has changed it.
    func refreshGateway() {
        guard state.withLock({ $0.gateway?.isStale == true }) else { return }
        do {
            try change { _ in }
        } catch {
            Log("gateway").error("changed certificates are not used, the last good ones stay: \(error)")
        }
    }

    /// Takes over a new certificate; connections that are open keep the old one.
    func use(_ identity: TLSIdentity, roots: String) throws(MeshError) {
        try change { (state) throws(MeshError) in
            state.identity = identity
            state.signingRoots = roots
        }
    }

    /// Changes the state and hands the tables on, in one order for both.
    private func change(_ body: (inout State) throws(MeshError) -> Void) throws(MeshError) {
        try publish.withLock { (publish) throws(MeshError) in
            let tables = try state.withLock { (state) throws(MeshError) in
                var changed = state
                try body(&changed)
                try Self.refreshCredentials(&changed, trustDomain)
                let content = content(changed.resources)
                changed.routing = try RoutingTables(content, reusing: state.routing)
                let tables = ProxyTables(
                    content,
                    credentials: changed.credentials,
                    routing: changed.routing,
                    predecessor: state.gateway
                )
                changed.gateway = tables.gateway
                state = changed
                return tables
            }
            publish?(tables)
        }
    }

    private static func refreshCredentials(_ state: inout State, _ trustDomain: String) throws(MeshError) {
        guard let identity = state.identity else { return }
        var bundle = TrustBundle()
        if case .trust(let received)? = state.resources[.trust] { bundle = received }
        var inbound = InboundPolicy()
        if case .inbound(let received)? = state.resources[.inbound] { inbound = received }
        let basis = Basis(
            leaf: identity.leaf.fingerprint,
            roots: bundle.rootsPEM.isEmpty ? state.signingRoots : bundle.rootsPEM,
            trustDomains: bundle.trustDomains.isEmpty ? [trustDomain] : bundle.trustDomains,
            minimumVersion: inbound.minimumVersion,
            cipherSuites: inbound.cipherSuites
        )
        if basis == state.basis { return }
        state.credentials = try Credentials(
            identity: identity,
            trust: TrustStore(pem: basis.roots),
            trustDomains: basis.trustDomains,
            inbound: inbound,
            predecessor: state.credentials
        )
        state.basis = basis
    }

    private func content(_ resources: [ResourceName: Resource]) -> ProxyTables.Content {
        var content = ProxyTables.Content()
        for (name, resource) in resources {
            switch (name, resource) {
            case (_, .mesh(let mesh)): content.mesh = mesh
            case (_, .inbound(let inbound)): content.inbound = inbound
            case (.address(let ip, let port), .address(let route)):
                if let ip = IPAddress(ip) { content.addresses[SocketAddress(ip, port: port)] = route }
            case (.host(let host, let port), .host(let route)): content.hosts[.init(host: host, port: port)] = route
            case (_, .destination(let destination)):
                content.destinations[destination.name] = names.resolved(destination)
            case (_, .gateway(let gateway)): content.gateway = gateway
            case (_, .routes(let table)): content.routeTables[table.name] = table
            case (.credential(let name), .credential(let credential)): content.secrets[name] = credential
            default: break
            }
        }
        if content.gateway != nil {
            // Connections to a gateway are for the gateway: they are not on their way to an endpoint.
            for name in content.destinations.keys { content.destinations[name]?.usesOriginalDestination = false }
        }
        return content
    }

    // Asking

    /// What is missing before the application's traffic can be served; empty when nothing is.
    var missing: [String] {
        state.withLock { state in
            var missing: [String] = []
            if state.identity == nil { missing.append("the workload's certificate") }
            for name in [ResourceName.mesh, .inbound, .trust, .gateway]
            where required.contains(name) && state.resources[name] == nil {
                missing.append("configuration '\(name)' from the control plane")
            }
            return missing
        }
    }

    var resources: [ResourceName: Resource] { state.withLock { $0.resources } }
    /// What a gateway serves by; nil for a sidecar.
    var gateway: GatewayTables? { state.withLock(\.gateway) }
    /// Why chains of a gateway cannot serve, by their origin.
    var gatewayProblems: [String: String] { gateway?.problems ?? [:] }
    var credentials: Credentials? { state.withLock { $0.credentials } }
    var identity: TLSIdentity? { state.withLock { $0.identity } }

    var tables: ProxyTables {
        state.withLock {
            ProxyTables(
                content($0.resources),
                credentials: $0.credentials,
                routing: $0.routing,
                predecessor: $0.gateway
            )
        }
    }

    /// The roots to verify the control plane and other workloads by, in PEM; empty before any came.
    var rootsPEM: String { state.withLock { $0.basis?.roots ?? $0.signingRoots } }
}
