internal import Base
internal import Discovery
internal import HTTP

/// Says where the requests of one connection go.
final class RequestRouter {
    enum Outcome {
        /// All requests for the authority go there.
        case pool(DestinationPool, RetryPolicy, routeName: String)
        /// A route of a VirtualService says what is done.
        case route(RouteMatch)
        /// The control plane must be asked first.
        case unknownYet(ResourceName)
        case reply(LocalReply, routeName: String)
    }

    private enum Way {
        /// Inbound: everything goes to the application.
        case application(DestinationPool)
        /// Outbound: by the request's authority.
        case authority(HTTPListener)
        /// A gateway's listener: by the ``RouteTable`` of that name.
        case table(String)
    }

    /// What an authority means, before a request is looked at.
    private enum Meaning {
        case outcome(Outcome)
        case routes(CompiledRoutes, port: UInt16)
        case virtualHost(CompiledTable.VirtualHost, port: UInt16)
    }

    /// Only what the application cannot have seen is sent to it again (Istio's inbound default).
    private static let inboundRetries: RetryPolicy = {
        var policy = RetryPolicy(attempts: 2)
        policy.conditions = .resetBeforeRequest
        return policy
    }()

    private let way: Way
    private let info: ConnectionInfo?
    // Clients repeat the same authority on a connection: the last answer is kept for as long as the tables are.
    private var lastAuthority: [UInt8] = []
    private var lastTables: ProxyTables?
    private var lastMeaning: Meaning?
    /// A gateway's routes as they were while its server was there: what is still asked on its connections goes by them.
    private var kept: CompiledTable?

    init(application pool: DestinationPool) { (way, info) = (.application(pool), nil) }
    init(listener: HTTPListener) { (way, info) = (.authority(listener), nil) }

    /// Requests of a gateway's connection go by the newest ``RouteTable`` of that name; 404 while there is none.
    init(table name: String, of info: ConnectionInfo? = nil, _ tables: ProxyTables? = nil) {
        way = .table(name)
        self.info = info
        kept = tables?.routing.tables[name]
    }

    func resolve(_ head: inout HTTP1Head, _ worker: Worker) -> Outcome {
        if case .application(let pool) = way { return .pool(pool, Self.inboundRetries, routeName: "default") }
        let authority = head.authority
        if let lastMeaning, lastTables === worker.tables, authority.equals(lastAuthority.span) {
            return outcome(lastMeaning, head)
        }
        let meaning = meaning(Self.host(authority), worker)
        if case .outcome(let outcome) = meaning {
            guard case .pool = outcome else { return outcome }
        }
        lastAuthority = [UInt8](copying: authority)
        (lastTables, lastMeaning) = (worker.tables, meaning)
        return outcome(meaning, head)
    }

    private func outcome(_ meaning: Meaning, _ head: HTTP1Head) -> Outcome {
        switch meaning {
        case .outcome(let outcome): outcome
        case .routes(let routes, let port): Self.route(routes, port, head)
        case .virtualHost(let host, let port):
            host.redirectsToHTTPS && !head.cameEncrypted
                ? .reply(
                    .redirect(to: "https://\(String(octets: head.authority) + String(octets: head.path))"),
                    routeName: ""
                )
                : Self.route(host.routes, port, head)
        }
    }

    private static func route(_ routes: CompiledRoutes, _ port: UInt16, _ head: HTTP1Head) -> Outcome {
        routes.match(head, port: port).map { .route($0) } ?? .reply(.noRoute, routeName: "")
    }

    private func meaning(_ host: String, _ worker: Worker) -> Meaning {
        switch way {
        case .application(let pool): .outcome(.pool(pool, Self.inboundRetries, routeName: "default"))
        case .authority(let listener): Self.meaning(host, listener, worker)
        case .table(let name):
            if let table = table(name, worker.tables), let virtualHost = table.virtualHost(host) {
                .virtualHost(virtualHost, port: table.table.port)
            } else {
                .outcome(.reply(isMisdirected(host, worker.tables) ? .misdirected : .noRoute, routeName: ""))
            }
        }
    }

    private func table(_ name: String, _ tables: ProxyTables) -> CompiledTable? {
        if info?.isAllowed(by: tables) ?? true { kept = tables.routing.tables[name] }
        return kept
    }

    private func isMisdirected(_ host: String, _ tables: ProxyTables) -> Bool {
        guard let info, case .table(let name) = way, let table = tables.routing.tables[name] else { return false }
        return Misdirection.applies(to: host, on: info, table, tables)
    }

    private static func meaning(_ host: String, _ listener: HTTPListener, _ worker: Worker) -> Meaning {
        guard let route = host.isEmpty ? .unknown : worker.tables.route(host: host, port: listener.port) else {
            return .outcome(.unknownYet(.host(host, port: listener.port)))
        }
        switch route {
        case .destination(let name, let retries):
            guard let pool = worker.pool(named: name) else { return .outcome(.reply(.noCluster, routeName: "default")) }
            return .outcome(.pool(pool, retries, routeName: "default"))
        case .routes:
            guard let routes = worker.tables.routing.hosts[.init(host: host, port: listener.port)] else {
                return .outcome(.reply(.noRoute, routeName: ""))
            }
            return .routes(routes, port: listener.port)
        case .unknown where listener.allowsUnknownHosts:
            return .outcome(.pool(worker.passthrough, RetryPolicy(attempts: 0), routeName: "allow_any"))
        case .unknown: return .outcome(.reply(.blockAll, routeName: "block_all"))
        }
    }

    /// An authority's host, in lower case, without port and without a final dot.
    static func host(_ authority: Span<UInt8>) -> String {
        var end = authority.count
        var index = authority.count
        while index > 0 {
            index -= 1
            let byte = authority[index]
            if byte == UInt8(ascii: ":") {
                end = index
                break
            }
            if byte < UInt8(ascii: "0") || byte > UInt8(ascii: "9") { break }
        }
        if end > 1, authority[end - 1] == UInt8(ascii: ".") { end -= 1 }
        return String(octets: authority.extracting(0..<end)).lowercased()
    }
}
