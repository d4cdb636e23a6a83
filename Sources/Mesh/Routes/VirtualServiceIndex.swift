internal import Kubernetes
internal import MeshAPI

/// The VirtualServices of the mesh, found by gateway and by host.
struct VirtualServiceIndex: Sendable {
    /// As written, with names resolved.
    private var objects: [ObjectKey: ResolvedVirtualService] = [:]
    /// With delegates merged; delegates themselves are not among them.
    private var merged: [ObjectKey: ResolvedVirtualService] = [:]
    /// Those that delegate, by the delegate's key, be it there or not.
    private var delegators: [ObjectKey: Set<ObjectKey>] = [:]
    /// The oldest first, by gateway or `mesh`.
    private var byGateway: [String: [ObjectKey]] = [:]
    /// Of those bound to `mesh` the oldest first, by host.
    private var byHost: [String: [ObjectKey]] = [:]
    /// By the hosts of their destinations.
    private var byDestination: [String: Set<ObjectKey>] = [:]
    /// Hosts of ``byHost`` that begin with `*`, the longest first.
    private(set) var wildcards: [String] = []

    var isEmpty: Bool {
        objects.isEmpty && merged.isEmpty && delegators.isEmpty && byGateway.isEmpty && byHost.isEmpty
            && byDestination.isEmpty
    }
    var all: some Sequence<ResolvedVirtualService> { merged.values }

    subscript(_ key: ObjectKey) -> ResolvedVirtualService? { merged[key] }

    /// Adds the object in the place of its former version; returns it and whom it is delegated to from, before and after.
    mutating func insert(_ object: ResolvedVirtualService, default defaultExportTo: [String])
        -> [ResolvedVirtualService]
    {
        var affected = detach(object.key)
        objects[object.key] = object
        for key in Self.delegates(of: object) { delegators[key, default: []].insert(object.key) }
        affected += attach(object.key, defaultExportTo)
        return affected
    }

    mutating func remove(_ key: ObjectKey, default defaultExportTo: [String]) -> [ResolvedVirtualService] {
        guard let object = objects[key] else { return [] }
        var affected = detach(key)
        objects[key] = nil
        for delegate in Self.delegates(of: object) {
            delegators[delegate]?.remove(key)
            if delegators[delegate]?.isEmpty == true { delegators[delegate] = nil }
        }
        affected += attach(key, defaultExportTo)
        return affected
    }

    /// Merges everything anew: the default visibility changed.
    mutating func rebuild(default defaultExportTo: [String]) {
        let objects = objects.values
        self = VirtualServiceIndex()
        for object in objects { _ = insert(object, default: defaultExportTo) }
    }

    func bound(to gateway: String, visibleIn namespace: String, default defaultExportTo: [String])
        -> [ResolvedVirtualService]
    { visible(byGateway[gateway] ?? [], in: namespace, defaultExportTo) }

    /// Those bound to a gateway, whoever sees them.
    func bound(to gateway: String) -> [ResolvedVirtualService] {
        (byGateway[gateway] ?? []).compactMap { merged[$0] }
    }

    /// Those bound to `mesh` for this very host, exact or beginning with `*`.
    func forHost(_ host: String, visibleIn namespace: String, default defaultExportTo: [String])
        -> [ResolvedVirtualService]
    { visible(byHost[host] ?? [], in: namespace, defaultExportTo) }

    /// Those with a route to this host.
    func leading(to host: String) -> [ResolvedVirtualService] { (byDestination[host] ?? []).compactMap { merged[$0] } }

    private func visible(_ keys: [ObjectKey], in namespace: String, _ defaultExportTo: [String])
        -> [ResolvedVirtualService]
    {
        var ranks: [[ResolvedVirtualService]] = [[], [], []]
        for object in keys.lazy.compactMap({ merged[$0] }) {
            if let rank = object.rank(in: namespace, default: defaultExportTo) { ranks[rank].append(object) }
        }
        return ranks.flatMap(\.self)
    }

    private static func delegates(of object: ResolvedVirtualService) -> Set<ObjectKey> {
        Set(
            object.http.compactMap { route in
                route.delegate.map {
                    ObjectKey(namespace: $0.namespace.isEmpty ? object.key.namespace : $0.namespace, name: $0.name)
                }
            }
        )
    }

    /// The object itself, or if it is a delegate those that delegate to it.
    private func concerned(_ key: ObjectKey) -> Set<ObjectKey> { (delegators[key] ?? []).union([key]) }

    private mutating func detach(_ key: ObjectKey) -> [ResolvedVirtualService] {
        concerned(key).compactMap { key in
            guard let object = merged.removeValue(forKey: key) else { return nil }
            for host in object.destinationHosts {
                byDestination[host]?.remove(key)
                if byDestination[host]?.isEmpty == true { byDestination[host] = nil }
            }
            for gateway in object.gateways { Self.remove(key, from: &byGateway, gateway) }
            if object.gateways.contains(VirtualService.mesh) {
                for host in object.meshHosts {
                    Self.remove(key, from: &byHost, host)
                    if byHost[host] == nil { wildcards.removeAll { $0 == host } }
                }
            }
            return object
        }
    }

    private mutating func attach(_ key: ObjectKey, _ defaultExportTo: [String]) -> [ResolvedVirtualService] {
        concerned(key).compactMap { key in
            guard var object = objects[key], !object.isDelegate else { return nil }
            DelegateMerging(objects: objects, defaultExportTo: defaultExportTo).merge(&object)
            merged[key] = object
            for host in object.destinationHosts { byDestination[host, default: []].insert(key) }
            for gateway in object.gateways { insert(object, into: &byGateway, gateway) }
            if object.gateways.contains(VirtualService.mesh) {
                for host in Set(object.meshHosts) {
                    if byHost[host] == nil, host.hasPrefix("*") { insertWildcard(host) }
                    insert(object, into: &byHost, host)
                }
            }
            return object
        }
    }

    private mutating func insertWildcard(_ host: String) {
        let length = host.utf8.count
        let index = wildcards.firstIndex { other in
            length != other.utf8.count ? length > other.utf8.count : host < other
        }
        wildcards.insert(host, at: index ?? wildcards.endIndex)
    }

    private func insert(_ object: ResolvedVirtualService, into index: inout [String: [ObjectKey]], _ name: String) {
        var keys = index[name] ?? []
        let place = keys.firstIndex { merged[$0].map { object.metadata.precedes($0.metadata) } ?? false }
        keys.insert(object.key, at: place ?? keys.endIndex)
        index[name] = keys
    }

    private static func remove(_ key: ObjectKey, from index: inout [String: [ObjectKey]], _ name: String) {
        index[name]?.removeAll { $0 == key }
        if index[name]?.isEmpty == true { index[name] = nil }
    }
}
