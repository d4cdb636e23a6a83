internal import Discovery
internal import Kubernetes
internal import Mesh

/// Encoded resources, kept until a change may have made them other ones.
struct ResourceCache {
    /// The outer optional of a look-up says whether it is known; this says what.
    private typealias Entry = EncodedResource?

    /// What every proxy is told alike.
    private var common: [ResourceName: Entry] = [:]
    private var inbound: [ObjectKey: (workload: Workload, entry: Entry)] = [:]
    /// What gateways of one kind are told alike.
    private var gateways: [GatewayKind: Gateway] = [:]
    /// What clients of one namespace with the same labels are told alike.
    private var byClient: [Client: [ResourceName: Entry]] = [:]

    /// What a gateway's resources depend on of its pod.
    private struct GatewayKind: Hashable {
        let client: Client
        let isUnprivileged: Bool
        let ports: [Workload.ContainerPort]

        init(_ workload: Workload) {
            client = Client(workload)
            isUnprivileged = workload.isUnprivileged
            ports = workload.containerPorts
        }
    }

    private struct Gateway {
        let view: GatewayView
        var resources: [ResourceName: Entry] = [:]

        mutating func remember(_ resource: Entry, _ name: ResourceName) {
            ResourceCache.remember(resource, name, in: &resources)
        }
    }

    /// Names that are kept of one client, or of gateways of one kind: all that two proxies can ask for at a time.
    static let mostNames = 2 * ServerSession.subscriptionLimit
    /// So many clients more than twice the proxies are kept before ``tidy(proxies:_:)`` looks which of them are gone.
    static let mostClients = 16

    /// What a pod is a gateway for.
    mutating func gateway(of workload: Workload, in model: MeshModel) -> GatewayView {
        let kind = GatewayKind(workload)
        if let known = gateways[kind] { return known.view }
        let view = model.gatewayView(of: workload)
        gateways[kind] = Gateway(view: view)
        return view
    }

    /// What is known of `name`, or else what `make` says of it now.
    mutating func resource(
        _ name: ResourceName,
        for workload: Workload,
        _ make: () -> EncodedResource?
    ) -> EncodedResource? {
        switch name {
        case .mesh, .trust:
            if let known = common[name] { return known }
            let resource = make()
            common.updateValue(resource, forKey: name)
            return resource
        case .inbound:
            if let known = inbound[workload.key], known.workload == workload { return known.entry }
            let resource = make()
            inbound[workload.key] = (workload, resource)
            return resource
        case .gateway, .routes:
            let kind = GatewayKind(workload)
            if let known = gateways[kind]?.resources[name] { return known }
            let resource = make()
            gateways[kind]?.remember(resource, name)
            return resource
        case .address, .host, .destination:
            let client = Client(workload)
            if let known = byClient[client]?[name] { return known }
            let resource = make()
            Self.remember(resource, name, in: &byClient[client, default: [:]])
            return resource
        // Not remembered: who may have a secret is asked each time.
        case .credential: return make()
        }
    }

    /// What an application asks for is at its will: there may be ever more names.
    private static func remember(_ resource: Entry, _ name: ResourceName, in entries: inout [ResourceName: Entry]) {
        if entries.count >= mostNames { entries = [:] }
        entries.updateValue(resource, forKey: name)
    }

    /// Forgets what was told to pods that are gone, when they may be many: each rollout and each Job has labels of its own.
    ///
    /// - Parameters:
    ///   - proxies: How many are connected.
    ///   - workloads: The pods of those; looked up only when it comes to that.
    mutating func tidy(proxies: Int, _ workloads: () -> [Workload]) {
        guard byClient.count + gateways.count > 2 * proxies + Self.mostClients else { return }
        let connected = workloads()
        let (clients, kinds) = (Set(connected.map { Client($0) }), Set(connected.map { GatewayKind($0) }))
        let pods = Set(connected.map(\.key))
        byClient = byClient.filter { clients.contains($0.key) }
        gateways = gateways.filter { kinds.contains($0.key) }
        inbound = inbound.filter { pods.contains($0.key) }
    }

    /// Forgets what may be decided otherwise now.
    mutating func forget(_ impact: Impact, in model: MeshModel) {
        if impact.isEmpty { return }
        if impact.everything { return forgetAll() }
        inbound = inbound.filter { !impact.affectsInbound($0.key) }
        gateways = gateways.filter { !$0.value.view.isAffected(by: impact) }
        for (kind, gateway) in gateways where gateway.view.isDecisionAffected(by: impact) {
            gateways[kind]?.resources[.gateway] = nil
        }
        for (client, entries) in byClient {
            let kept = entries.filter { !Self.isAffected($0.key, by: impact, in: model) }
            byClient[client] = kept.isEmpty ? nil : kept
        }
    }

    /// Forgets all of it: the roots are others, or everything may be.
    mutating func forgetAll() { self = ResourceCache() }

    private static func isAffected(_ name: ResourceName, by impact: Impact, in model: MeshModel) -> Bool {
        switch name {
        case .mesh, .trust, .inbound, .gateway, .routes, .credential: return true
        case .address(let address, let port): return impact.affectsRoute(address: address, port: Int(port))
        case .host(let authority, _): return impact.affectsRoute(authority: authority)
        case .destination(let text):
            let name = DestinationName(text) ?? DestinationName(serverName: text)
            guard let host = name?.host, let service = model.services[host] else { return true }
            return impact.affectsDestination(host: host, namespace: service.namespace)
        }
    }
}
