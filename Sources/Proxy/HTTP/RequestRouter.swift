internal import Base
internal import Discovery
internal import HTTP

/// Says where the requests of one connection go.
final class RequestRouter {
    enum Outcome {
        case pool(DestinationPool, RetryPolicy, routeName: String)
        /// The control plane must be asked first.
        case unknownYet(ResourceName)
        case reply(LocalReply, routeName: String)
    }

    private enum Way {
        /// Inbound: everything goes to the application.
        case application(DestinationPool)
        /// Outbound: by the request's authority.
        case authority(HTTPListener)
    }

    private let way: Way
    // Clients repeat the same authority on a connection: the last answer is kept for as long as the tables are.
    private var lastAuthority: [UInt8] = []
    private var lastTables: ProxyTables?
    private var lastOutcome: Outcome?

    init(application pool: DestinationPool) { way = .application(pool) }
    init(listener: HTTPListener) { way = .authority(listener) }

    func resolve(_ head: inout HTTP1Head, _ worker: Worker) -> Outcome {
        switch way {
        case .application(let pool):
            return .pool(pool, RetryPolicy(attempts: 2), routeName: "default")
        case .authority(let listener):
            let authority = head.authority
            if let lastOutcome, lastTables === worker.tables, authority.equals(lastAuthority.span) {
                return lastOutcome
            }
            let outcome = resolve(Self.host(authority), listener, worker)
            if case .pool = outcome {
                lastAuthority = [UInt8](copying: authority)
                (lastTables, lastOutcome) = (worker.tables, outcome)
            }
            return outcome
        }
    }

    private func resolve(_ host: String, _ listener: HTTPListener, _ worker: Worker) -> Outcome {
        guard let route = host.isEmpty ? .unknown : worker.tables.route(host: host, port: listener.port) else {
            return .unknownYet(.host(host, port: listener.port))
        }
        switch route {
        case .destination(let name, let retries):
            guard let pool = worker.pool(named: name) else { return .reply(.noCluster, routeName: "default") }
            return .pool(pool, retries, routeName: "default")
        case .routes: return .reply(.noCluster, routeName: "default")
        case .unknown where listener.allowsUnknownHosts:
            return .pool(worker.passthrough, RetryPolicy(attempts: 0), routeName: "allow_any")
        case .unknown: return .reply(.blockAll, routeName: "block_all")
        }
    }

    /// An authority's host, in lower case, without port and without a final dot.
    private static func host(_ authority: Span<UInt8>) -> String {
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

extension Span<UInt8> {
    func equals(_ other: Span<UInt8>) -> Bool {
        if count != other.count { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}

extension [UInt8] {
    init(copying span: Span<UInt8>) {
        self = []
        // Safe: the pointer is used within the closure only.
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
