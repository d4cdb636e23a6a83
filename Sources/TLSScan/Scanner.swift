internal import Base
internal import TLS

/// Looks at a server from all sides; decides what to ask next, and leaves the asking to ``Prober``.
public struct Scanner: Sendable {
    let target: ScanTarget
    let prober: Prober
    private let simulatesClients: Bool
    private let progress: @Sendable (String) -> Void

    /// - Parameters:
    ///   - simulatesClients: Whether the known clients are tried as well.
    ///   - progress: Told what is looked at, in a few words.
    public init(
        _ target: ScanTarget,
        simulatesClients: Bool = false,
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.target = target
        prober = Prober(target: target)
        self.simulatesClients = simulatesClients
        self.progress = progress
    }

    /// Finds out everything.
    ///
    /// - Throws: ``MeshError`` when there is no connection, or nothing that speaks TLS answers.
    public func scan() async throws -> ScanReport {
        var report = ScanReport()
        report.serverName = target.serverName
        report.address = target.place
        progress("protocols")
        report.protocols = try await protocols()
        guard !report.offered.isEmpty else {
            let reasons = report.protocols.values.compactMap { if case .unknown(let words) = $0 { words } else { nil } }
            throw MeshError(
                .protocolViolation,
                "\(target.place) offers no version of SSL or TLS" + (reasons.min().map { ": \($0)" } ?? "")
            )
        }
        progress("cipher suites")
        report.suites = try await suites(of: report.offered)
        progress("groups")
        report.groups = try await groups(report.suites)
        progress("certificates")
        try await lookAtPlainFlights(&report)
        progress("handshakes")
        await lookAtHandshakes(&report)
        report.fallback = try await fallback(report.offered)
        if simulatesClients {
            progress("clients")
            report.clients = try await clients(report)
        }
        progress("")
        return report
    }

    // Protocols

    private func protocols() async throws -> [ScanVersion: ScanReport.Offer] {
        try await withThrowingTaskGroup(of: (ScanVersion, ScanReport.Offer).self) { group in
            for version in ScanVersion.allCases { group.addTask { (version, try await offer(of: version)) } }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func offer(of version: ScanVersion) async throws -> ScanReport.Offer {
        if version == .ssl2 {
            var hello = ScanHello(version: version.wireNumber, suites: [])
            hello.isInSSL2Format = true
            return try await prober.ask(hello).isSSL2 ? .offered : .notOffered
        }
        var reason: ScanReport.Offer = .notOffered
        for part in Self.parts(of: Self.candidates(version)) {
            let flight = try await prober.ask(version, part)
            if let hello = flight.hello {
                if hello.version == version.wireNumber { return .offered }
                if let lower = ScanVersion(wireNumber: hello.version), lower < version {
                    reason = .downgraded(to: lower)
                }
                continue
            }
            switch flight.end {
            case .timedOut: return .unknown("no answer within \(target.patience)")
            case .malformed(let words): return .unknown(words)
            default: break
            }
        }
        return reason
    }

    /// The suites that may be asked for with a version.
    static func candidates(_ version: ScanVersion) -> [CipherSuite] {
        version == .tls13 ? CipherSuite.tls13 + common : CipherSuite.beforeTLS13
    }

    /// Enough for a server without TLS 1.3 to answer with something else.
    private static let common = CipherSuite.beforeTLS13.filter { $0.isForwardSecret || $0.name.hasPrefix("AES") }
        .filter { $0.name.contains("RSA") || $0.name.contains("ECDSA") || $0.name.hasPrefix("AES") }
        .prefix(80)

    /// Some servers read no more than 128 suites.
    static func parts(of suites: [CipherSuite]) -> [[CipherSuite]] {
        stride(from: 0, to: suites.count, by: 110).map { Array(suites[$0..<min($0 + 110, suites.count)]) }
    }

    /// Whether a lower version with the signal that it is a last resort (RFC 7507) is refused.
    private func fallback(_ offered: [ScanVersion]) async throws -> ScanReport.Fallback? {
        let usable = offered.filter { $0 > .ssl2 }
        guard let lower = usable.dropLast().last else { return .notNeeded }
        var hello = prober.hello(lower, Self.candidates(lower))
        hello.suites = Array(hello.suites.prefix(110)) + [0x5600]
        let flight = try await prober.ask(hello)
        if flight.hello != nil { return .unprotected }
        return flight.end == .alert(86) ? .protected : nil
    }

    // Clients

    private func clients(
        _ report: ScanReport
    ) async throws -> [(client: SimulatedClient, connection: SimulatedConnection?)] {
        let isSHA2 = report.certificates.contains { $0.leaf.signatureAlgorithm.lowercased().contains("sha1") } == false
        var results: [Int: SimulatedConnection] = [:]
        let all = SimulatedClient.all
        // A few at a time: quick, and no attack.
        for start in stride(from: 0, to: all.count, by: 6) {
            try await withThrowingTaskGroup(of: (Int, SimulatedConnection?).self) { group in
                for index in start..<min(start + 6, all.count) {
                    group.addTask {
                        var hello = all[index].hello(serverName: target.serverName)
                        hello.protocols += target.applicationProtocols
                        let flight = try await prober.ask(hello, stopsAtHello: false)
                        return (index, all[index].connection(flight, isSHA2: isSHA2))
                    }
                }
                for try await (index, connection) in group { results[index] = connection }
            }
        }
        return all.enumerated().map { ($1, results[$0]) }
    }
}
