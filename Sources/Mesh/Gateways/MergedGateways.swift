internal import Kubernetes
internal import MeshAPI

/// The Gateways that select one proxy, merged into listeners (Istio's `mergeGateways`).
struct MergedGateways: Sendable {
    struct Listener: Sendable {
        var address: GatewayDecision.Address
        /// Those without TLS of their own, which are all spoken to in one way; none or many.
        var plaintext: [GatewayServer] = []
        /// Those that are told apart by server name.
        var tls: [GatewayServer] = []
        /// Whether the first server is without TLS: such a listener takes in no TLS.
        var isPlaintext = false
    }

    private(set) var listeners: [Listener] = []
    private(set) var conflicts: [GatewayConflict] = []
    /// Servers by the name of their routes.
    private(set) var servers: [String: [GatewayServer]] = [:]

    /// Whether some server passes TLS of the mesh on, so that services count.
    private(set) var passesMeshTLS = false

    private var positions: [GatewayDecision.Address: Int] = [:]
    /// Who has a host of a server with TLS settings, by listener.
    private var owners: [GatewayDecision.Address: [String: GatewayServer]] = [:]

    /// - Parameter servers: In the order in which they count.
    init(_ servers: [GatewayServer], defaults: TLSConfig?) {
        for server in servers {
            if let reason = Self.obstacle(server, defaults: defaults) ?? claim(server) ?? place(server) {
                conflicts.append(GatewayConflict(server, reason))
            } else if server.server.tls?.mode == .autoPassthrough {
                passesMeshTLS = true
            }
        }
    }

    /// What keeps a server from being opened whatever the others are.
    private static func obstacle(_ server: GatewayServer, defaults: TLSConfig?) -> String? {
        if server.spoken == .udp || server.spoken == .auto {
            return "protocol \(server.server.port?.protocolName ?? "") is not served by gateways"
        }
        if let odd = server.names.first(where: { server.isTLS && !HostName.isServerName($0) }) {
            return "host \(odd) cannot be told by server name: let `*` stand for whole labels, as in *.example.com"
        }
        return GatewayTLS(server, defaults: defaults)?.contradiction
    }

    /// Registers the hosts of a server with TLS settings, a redirect's too; the reason when one is taken.
    private mutating func claim(_ server: GatewayServer) -> String? {
        guard server.server.tls != nil else { return nil }
        // As server names, hosts of several namespaces are the same.
        let hosts = server.isTLS ? server.names : server.hosts
        for host in hosts {
            guard let owner = owners[server.listener]?[host] else { continue }
            return "host \(host) is already served on port \(server.number) by \(owner.description(against: server))"
        }
        for host in hosts { owners[server.listener, default: [:]][host] = server }
        return nil
    }

    /// Adds the server to its listener; the reason when it cannot be there beside the others.
    private mutating func place(_ server: GatewayServer) -> String? {
        guard let position = positions[server.listener] else {
            positions[server.listener] = listeners.count
            var listener = Listener(address: server.listener)
            listener.isPlaintext = !server.isTLS
            if server.isTLS { listener.tls = [server] } else { listener.plaintext = [server] }
            listeners.append(listener)
            register(server, as: server.routeName)
            return nil
        }
        let owner = listeners[position].plaintext.first
        if server.isTLS {
            if listeners[position].isPlaintext, let owner { return Self.conflict(server, owner) }
            if !server.routeName.isEmpty, let other = servers[server.routeName]?.first {
                return "the port name \(server.label) is already that of \(other.description)"
            }
            listeners[position].tls.append(server)
            register(server, as: server.routeName)
            return nil
        }
        if let owner, !(owner.isHTTP && server.isHTTP) { return Self.conflict(server, owner) }
        listeners[position].plaintext.append(server)
        register(server, as: owner?.routeName ?? server.routeName)
        return nil
    }

    private mutating func register(_ server: GatewayServer, as name: String) {
        if !name.isEmpty { servers[name, default: []].append(server) }
    }

    private static func conflict(_ server: GatewayServer, _ owner: GatewayServer) -> String {
        "port \(server.number) is already \(owner.spoken.rawValue) without TLS by \(owner.description(against: server)), "
            + "which \(server.spoken.rawValue) does not go with; use another port"
    }
}
