internal import Base
internal import Discovery

/// A gateway's configuration, made ready for the workers: what to listen on, how to choose a chain, and how to end TLS.
///
/// Immutable; made from its predecessor, of which it keeps what stays the same, so that TLS sessions and connections
/// outlive changes that do not concern them.
final class GatewayTables: Sendable {
    /// Where a listener is: its configuration's address and port.
    struct Place: Hashable, Sendable, CustomStringConvertible {
        var address: String
        var port: UInt16

        /// The Unix socket's path; nil for an IP address.
        var path: String? { address.hasPrefix("/") || address.hasPrefix("@") ? address : nil }
        var socketAddress: SocketAddress? { IPAddress(address).map { SocketAddress($0, port: port) } }

        var description: String { path.map { "unix://\($0)" } ?? socketAddress?.description ?? "\(address):\(port)" }
    }

    /// One chain, the same object for as long as its configuration stays the same.
    final class Chain: Sendable {
        let configuration: GatewayListener.Chain

        init(_ configuration: GatewayListener.Chain) { self.configuration = configuration }
    }

    struct Listener: Sendable {
        let chains: [Chain]
        let chooser: ChainChooser
    }

    let listeners: [Place: Listener]
    let credentials: GatewayCredentials
    /// Why chains cannot serve, by the origin of the chain; empty when all can.
    let problems: [String: String]
    /// The origins of ``problems`` that only this proxy knows of.
    private let unknown: Set<String>
    private let current: Set<ObjectIdentifier>
    private let configuration: GatewayConfiguration
    private let secrets: [String: Credential]
    private let workload: Credentials?

    /// The predecessor itself if nothing of a gateway's has changed.
    static func following(
        _ predecessor: GatewayTables?,
        _ configuration: GatewayConfiguration,
        secrets: [String: Credential],
        workload: Credentials?
    ) -> GatewayTables {
        if let predecessor, predecessor.configuration == configuration, predecessor.secrets == secrets,
            predecessor.workload === workload, !predecessor.isStale
        {
            return predecessor
        }
        return GatewayTables(configuration, secrets: secrets, workload: workload, predecessor: predecessor)
    }

    /// - Parameters:
    ///   - secrets: What the control plane has sent, by name.
    ///   - workload: The proxy's own certificate; nil before there is one.
    init(
        _ configuration: GatewayConfiguration,
        secrets: [String: Credential],
        workload: Credentials?,
        predecessor: GatewayTables?
    ) {
        var (listeners, current): ([Place: Listener], Set<ObjectIdentifier>) = ([:], [])
        var (terminations, problems): ([(origin: String, tls: ServerTLS)], [String: String]) = ([], [:])
        for listener in configuration.listeners {
            let place = Place(address: listener.address, port: listener.port)
            let old = (predecessor?.listeners[place]?.chains ?? []).map { ($0.configuration, $0) }
            let known = Dictionary(old) { first, _ in first }
            let chains = listener.chains.map { known[$0] ?? Chain($0) }
            listeners[place] = Listener(chains: chains, chooser: ChainChooser(listener.chains))
            for chain in chains {
                current.insert(ObjectIdentifier(chain))
                if case .terminate(let tls) = chain.configuration.transport {
                    terminations.append((chain.configuration.origin, tls))
                }
            }
        }
        credentials = GatewayCredentials(
            terminations.map(\.tls),
            secrets: secrets,
            workload: workload,
            predecessor: predecessor?.credentials
        )
        var (awaited, unknown): (Set<String>, Set<String>) = ([], [])
        for (origin, tls) in terminations {
            guard case .unusable(let reason) = credentials.server(for: tls) else { continue }
            problems[origin] = reason
            if credentials.isAwaited(tls) { awaited.insert(origin) }
            if !credentials.isKnown(tls) { unknown.insert(origin) }
        }
        (self.listeners, self.current, self.problems, self.unknown) = (listeners, current, problems, unknown)
        (self.configuration, self.secrets, self.workload) = (configuration, secrets, workload)
        report(since: predecessor?.problems ?? [:], awaited)
    }

    /// Whether each connection begins with the PROXY protocol.
    var expectsIntroduction: Bool { configuration.expectsProxyProtocol }

    /// How often to ask ``isStale``.
    static let watchInterval: Duration = .seconds(1)

    /// Whether the tables must be made anew although the configuration has not changed.
    var isStale: Bool { credentials.isStale() }

    /// Whether connections of this chain may go on; otherwise they end after what they are doing now.
    func contains(_ chain: Chain) -> Bool { current.contains(ObjectIdentifier(chain)) }

    /// Why chains do not serve, by the origin of the chain: what the control plane does not know itself.
    ///
    /// - Parameter unopened: Why places are not listened on.
    func failures(unopened: [Place: String]) -> [String: String] {
        var failures = problems.filter { unknown.contains($0.key) }
        for (place, reason) in unopened {
            for chain in listeners[place]?.chains ?? [] {
                failures[chain.configuration.origin] =
                    "\(place) cannot be listened on (\(reason)); give it another port or bind"
            }
        }
        return failures
    }

    /// Logs what has changed, and not what was known before.
    private func report(since before: [String: String], _ awaited: Set<String>) {
        let log = Log("gateway")
        for (origin, reason) in problems.sorted(by: { $0.key < $1.key }) where before[origin] != reason {
            if awaited.contains(origin) {
                log.info("\(origin) is not up yet: \(reason)")
            } else {
                log.error("\(origin) is down, its connections are reset: \(reason)")
            }
        }
        let all = Set(listeners.values.flatMap(\.chains).map(\.configuration.origin))
        for origin in before.keys.sorted() where problems[origin] == nil {
            log.info(all.contains(origin) ? "\(origin) is up" : "\(origin) is gone")
        }
    }
}
