internal import Base
internal import Discovery
internal import HTTP

/// A ``RouteTable`` made ready to serve requests; shared by all workers.
final class CompiledTable: Sendable {
    final class VirtualHost: Sendable {
        let routes: CompiledRoutes
        let redirectsToHTTPS: Bool

        init(_ host: RouteTable.VirtualHost) throws(MeshError) {
            routes = try CompiledRoutes(host.routes)
            redirectsToHTTPS = host.redirectsToHTTPS
        }
    }

    let table: RouteTable
    private let domains: DomainTable<VirtualHost>
    private let servers: DomainTable<Bool>

    /// - Throws: ``MeshError`` that names the route that cannot be used.
    init(_ table: RouteTable) throws(MeshError) {
        self.table = table
        var domains = DomainTable<VirtualHost>()
        for host in table.virtualHosts {
            let compiled = try VirtualHost(host)
            for domain in host.domains { domains.insert(domain, compiled) }
        }
        self.domains = domains
        var servers = DomainTable<Bool>()
        for host in table.serverHosts { servers.insert(host, true) }
        self.servers = servers
    }

    /// - Parameter host: In lower case, without port.
    func virtualHost(_ host: String) -> VirtualHost? { domains[host] }

    /// Whether some server of the listener has that host, whatever its routes.
    func serves(_ host: String) -> Bool { servers[host] != nil }
}

/// Values by domain: the exact name wins over the longest `*.suffix`, over the longest `prefix.*`, over `*`.
struct DomainTable<Value: Sendable>: Sendable {
    private var exact: [String: Value] = [:]
    /// By what follows the asterisk, such as `.example.com`; how long they are, longest first.
    private var suffixes: [Substring: Value] = [:]
    private var suffixLengths: [Int] = []
    private var prefixes: [Substring: Value] = [:]
    private var prefixLengths: [Int] = []
    private var other: Value?

    /// The first value of a domain stays.
    mutating func insert(_ domain: String, _ value: Value) {
        let domain = domain.lowercased()
        if domain == "*" {
            other = other ?? value
        } else if domain.hasPrefix("*") {
            let suffix = domain.dropFirst()
            suffixes[suffix] = suffixes[suffix] ?? value
            Self.note(suffix.utf8.count, in: &suffixLengths)
        } else if domain.hasSuffix("*") {
            let prefix = domain.dropLast()
            prefixes[prefix] = prefixes[prefix] ?? value
            Self.note(prefix.utf8.count, in: &prefixLengths)
        } else {
            exact[domain] = exact[domain] ?? value
        }
    }

    private static func note(_ length: Int, in lengths: inout [Int]) {
        if lengths.contains(length) { return }
        lengths.append(length)
        lengths.sort(by: >)
    }

    /// - Parameter host: In lower case, without port.
    subscript(host: String) -> Value? {
        if let value = exact[host] { return value }
        let count = host.utf8.count
        // The asterisk stands for one octet at least.
        for length in suffixLengths where length < count {
            if let value = suffixes[Substring(host.utf8.suffix(length))] { return value }
        }
        for length in prefixLengths where length < count {
            if let value = prefixes[Substring(host.utf8.prefix(length))] { return value }
        }
        return other
    }
}
