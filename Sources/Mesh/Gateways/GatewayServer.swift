public import Kubernetes
public import MeshAPI

/// One server of one Gateway, as a proxy opens it.
public struct GatewayServer: Hashable, Sendable {
    public let gateway: ObjectKey
    /// Its place in `spec.servers`.
    public let index: Int
    /// As written.
    public let server: Gateway.Server
    /// The server's port as written, which VirtualServices match.
    public let number: Int
    /// Where the proxy listens: a Service's target port, or the number itself.
    public let port: Int
    public let spoken: PortProtocol
    /// `host` or `namespace/host`, in lower case; a host without namespace is for VirtualServices of all.
    public let hosts: [String]

    /// - Parameter port: Where it listens.
    init?(_ server: Gateway.Server, _ index: Int, of gateway: Metadata, on port: Int) {
        guard let declared = server.port else { return nil }
        self.gateway = gateway.key
        self.index = index
        self.server = server
        number = declared.number
        self.port = port
        spoken = PortProtocol(named: declared.protocolName)
        hosts = Self.normalized(server.hosts, namespace: gateway.namespace)
    }

    /// Istio's `sanitizeServerHostNamespace`.
    private static func normalized(_ hosts: [String], namespace: String) -> [String] {
        var result: [String] = []
        for host in hosts {
            let host = host.lowercased()
            guard let slash = host.firstIndex(of: "/") else {
                result.append(host)
                continue
            }
            let name = String(host[host.index(after: slash)...])
            switch host[..<slash] {
            case ".": result.append("\(namespace)/\(name)")
            case "*" where name == "*": return ["*"]
            case "*": result.append(name)
            default: result.append(host)
            }
        }
        return result
    }

    /// `Gateway foo/web server https`.
    public var description: String { "Gateway \(gateway) server \(label)" }
    /// How the server is told from others of its Gateway: its port's name.
    public var label: String { server.port?.name ?? "\(index)" }

    /// How it is told as what is in the way of `other`: ports of both are as written, which need not be the same number
    /// to be the same port of a pod.
    func description(against other: GatewayServer) -> String {
        number == other.number ? description : "\(description) as its port \(number)"
    }

    /// The hosts that VirtualServices of `namespace` may use.
    func hosts(for namespace: String) -> [String] {
        hosts.compactMap { host in
            guard let slash = host.firstIndex(of: "/") else { return host }
            return host[..<slash] == namespace ? String(host[host.index(after: slash)...]) : nil
        }
    }

    /// ``hosts`` without namespaces, sorted, each once.
    public var names: [String] {
        Set(hosts.map { host in host.firstIndex(of: "/").map { String(host[host.index(after: $0)...]) } ?? host })
            .sorted()
    }

    /// What a ClientHello must name; empty for anything, also nothing.
    var serverNames: [String] { names.contains("*") ? [] : names }

    /// The listener that it is part of: servers on one share connections.
    var listener: GatewayDecision.Address { GatewayDecision.Address(bind: server.bind, port: port) }

    var isHTTP: Bool { spoken.isHTTP }
    /// Whether TLS settings count, beyond a redirect.
    var isTLS: Bool { server.tls != nil && !isHTTP }
    /// Whether it answers requests, be it after ending TLS.
    var answersRequests: Bool { isHTTP || (spoken == .https && server.tls != nil && !server.passesTLS) }
    public var redirectsToHTTPS: Bool { server.tls?.httpsRedirect ?? false }

    /// The name of its routes (Istio's `gatewayRDSRouteName`); empty when it has none.
    var routeName: String {
        let bind = server.bind.isEmpty ? "" : ".\(server.bind)"
        if isHTTP { return "http.\(port)\(bind)" }
        guard answersRequests else { return "" }
        return "https.\(number).\(label).\(gateway.name).\(gateway.namespace)\(bind)"
    }
}
