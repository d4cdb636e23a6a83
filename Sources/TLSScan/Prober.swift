public import Base
internal import Network
internal import TLS

/// Where a server is, and how long to wait for it.
public struct ScanTarget: Sendable {
    public var address: SocketAddress
    /// Where the server is, for people: not at ``address`` where that is the way to it through somebody else.
    public var place: String
    /// What the certificate should be for: the name that was typed.
    public var host: String
    /// What to ask for (SNI); nil for none.
    public var serverName: String?
    /// What every hello offers (ALPN), such as `istio` for a sidecar that tells the mesh's TLS by it; empty for none.
    public var applicationProtocols: [String] = []
    /// For each connection.
    public var patience: Duration

    public init(address: SocketAddress, host: String, serverName: String?, patience: Duration = .seconds(5)) {
        (self.address, self.host, self.serverName, self.patience) = (address, host, serverName, patience)
        place = address.description
    }
}

/// Sends hellos and collects the answers, one connection for each.
struct Prober: Sendable {
    let target: ScanTarget

    /// What the server answers.
    ///
    /// - Throws: ``MeshError`` when there is no connection; a server that hangs up or keeps silent is an answer.
    func ask(_ hello: ScanHello, stopsAtHello: Bool = true) async throws -> ServerFlight {
        let connection = try await connect()
        defer { connection.close() }
        let octets = hello.octets
        let flight = ServerFlight(
            stopsAtHello: stopsAtHello,
            expectsSSL2: hello.isInSSL2Format && hello.version == ScanVersion.ssl2.wireNumber
        )
        let start = flight
        do {
            return try await withTimeLimit(target.patience, "an answer of \(target.address)") {
                var flight = start
                do {
                    try await connection.write(octets)
                } catch {
                    flight.ended(.closed)
                }
                while flight.end == nil { await Self.readMore(connection, into: &flight) }
                return flight
            }
        } catch let error as MeshError where error.code == .timedOut {
            var silent = flight
            silent.ended(.timedOut)
            return silent
        }
    }

    private static func readMore(_ connection: AsyncConnection, into flight: inout ServerFlight) async {
        do {
            let octets = try await connection.read()
            if octets.isEmpty { flight.ended(.closed) } else { flight.received(octets) }
        } catch {
            // A reset is as good a refusal as an alert.
            flight.ended(.closed)
        }
    }

    /// Connects; once more when it fails, as some servers limit how often one may.
    private func connect() async throws -> AsyncConnection {
        do {
            return try await AsyncConnection.connect(to: target.address, timeout: target.patience)
        } catch {
            try await Task.sleep(for: .milliseconds(200))
            return try await AsyncConnection.connect(to: target.address, timeout: target.patience)
        }
    }

    /// What one version and some suites come to.
    func ask(_ version: ScanVersion, _ suites: [CipherSuite], stopsAtHello: Bool = true) async throws -> ServerFlight {
        try await ask(hello(version, suites), stopsAtHello: stopsAtHello)
    }

    /// What every hello to this server has.
    func hello(_ version: ScanVersion, _ suites: [CipherSuite]) -> ScanHello {
        var hello = ScanHello(version, suites: suites, serverName: target.serverName)
        hello.protocols = target.applicationProtocols
        return hello
    }
}
