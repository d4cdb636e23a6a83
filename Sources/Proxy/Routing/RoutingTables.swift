internal import Base
internal import Discovery

/// All routes of one version of the configuration, made ready; what did not change is taken over from the one before.
final class RoutingTables: Sendable {
    static let empty = RoutingTables()

    /// Routes of a sidecar, by authority and listener.
    let hosts: [ProxyTables.HostKey: CompiledRoutes]
    /// Routes of a gateway's listeners, by name.
    let tables: [String: CompiledTable]

    private init() { (hosts, tables) = ([:], [:]) }

    /// - Throws: ``MeshError`` that names the route that cannot be used.
    init(_ content: ProxyTables.Content, reusing old: RoutingTables = .empty) throws(MeshError) {
        var hosts: [ProxyTables.HostKey: CompiledRoutes] = [:]
        for case (let key, .routes(let routes)) in content.hosts {
            if let known = old.hosts[key], known.isMade(of: routes) {
                hosts[key] = known
            } else {
                hosts[key] = try CompiledRoutes(routes)
            }
        }
        self.hosts = hosts
        var tables: [String: CompiledTable] = [:]
        for (name, table) in content.routeTables {
            if let known = old.tables[name], known.table == table {
                tables[name] = known
            } else {
                tables[name] = try CompiledTable(table)
            }
        }
        self.tables = tables
    }
}

extension CompiledRoutes {
    fileprivate func isMade(of routes: [HTTPRoute]) -> Bool {
        routes.count == self.routes.count && zip(routes, self.routes).allSatisfy { $0 == $1.route }
    }
}
