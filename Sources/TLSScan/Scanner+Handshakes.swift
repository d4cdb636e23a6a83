internal import Base
internal import Network
internal import TLS

extension Scanner {
    private static let protocols = ["h2", "http/1.1"]

    /// What a version before TLS 1.3 tells without keys.
    func lookAtPlainFlights(_ report: inout ScanReport) async throws {
        guard let earlier = report.suites.last(where: { $0.version < .tls13 }) else { return }
        for suites in [earlier.all.filter(\.needsECDSA), earlier.all.filter { !$0.needsECDSA }] where !suites.isEmpty {
            var hello = prober.hello(earlier.version, suites)
            hello.asksForStaple = true
            let flight = try await prober.ask(hello, stopsAtHello: false)
            if let found = ScannedCertificate(der: flight.certificates, staple: flight.staple, host: target.host) {
                report.certificates.append(found)
            } else if !flight.certificates.isEmpty {
                report.gaps.append("the server's certificate cannot be read")
            }
            if flight.requestsCertificate { report.clientCertificate = .requested }
            if let answer = flight.hello {
                report.hasSecureRenegotiation = answer.extensions.contains(0xFF01)
                report.compresses = answer.compression != 0
            }
        }
        for name in Self.protocols {
            var hello = prober.hello(earlier.version, earlier.all)
            hello.protocols.append(name)
            let answer = try await prober.ask(hello).hello
            if answer?.applicationProtocol == name { report.applicationProtocols.append(name) }
        }
    }

    /// What only a finished handshake tells: the encrypted half of TLS 1.3, resumption, and whether a client
    /// certificate must be there.
    func lookAtHandshakes(_ report: inout ScanReport) async {
        let spoken = report.offered.compactMap { TLSVersion(wireNumber: $0.wireNumber) }
        report.resumption = await withTaskGroup(of: (ScanVersion?, [String]).self) { group in
            for version in spoken {
                let scanned = ScanVersion(wireNumber: version.wireNumber)
                let suites = report.suites.first { $0.version == scanned }?.all ?? []
                group.addTask { (scanned, await resumption(version, suites)) }
            }
            return await group.reduce(into: [:]) { found, ways in
                if let version = ways.0 { found[version] = ways.1 }
            }
        }
        let isTLS13 = report.protocols[.tls13] == .offered
        guard let highest = report.offered.last.flatMap({ TLSVersion(wireNumber: $0.wireNumber) }) else { return }
        if isTLS13, report.certificates.isEmpty {
            for signatures in ["ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512", "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384"] {
                let evidence = await handshake(.tls13, signatures: signatures).evidence
                let isNew = !report.certificates.contains { $0.chain == evidence?.chain }
                guard let evidence, isNew else { continue }
                let found = ScannedCertificate(
                    chain: evidence.chain,
                    isStapled: evidence.staple != nil,
                    host: target.host
                )
                if let found { report.certificates.append(found) }
            }
        }
        if isTLS13, report.applicationProtocols.isEmpty {
            for name in Self.protocols where await handshake(.tls13, protocols: [name]).chosen == name {
                report.applicationProtocols.append(name)
            }
        }
        let last = await handshake(highest)
        let isAsked = last.evidence?.wasAskedForCertificate ?? (report.clientCertificate != nil)
        let isSeen = last.evidence != nil || !isTLS13 && !report.certificates.isEmpty
        if !isAsked, isSeen { report.clientCertificate = ScanReport.ClientCertificate.none }
        if isAsked { report.clientCertificate = last.isRefused ? .required : last.isOpen ? .optional : .requested }
        if !last.isOpen, !isAsked { report.gaps.append("handshake with \(highest): \(last.problem)") }
    }

    // One handshake

    private struct Outcome: Sendable {
        var evidence: TLSPeerEvidence?
        var chosen: String?
        var isResumed = false
        /// The server let the client in, as far as can be seen without a request.
        var isOpen = false
        /// The server refused for want of a certificate.
        var isRefused = false
        var problem = ""
    }

    private func context(
        _ version: TLSVersion,
        signatures: String? = nil,
        protocols: [String] = [],
        usesTickets: Bool = true
    ) throws -> TLSClientContext {
        var verification = PeerVerification(trust: .none, names: .any)
        verification.acceptsAnyChain = true
        var configuration = TLSClientConfiguration(verification: verification)
        configuration.parameters.versions = version...version
        // Whatever the server has: nothing is protected here.
        configuration.parameters.cipherSuites = version < .tls13 ? ["ALL:COMPLEMENTOFALL:@SECLEVEL=0"] : []
        configuration.parameters.groups = TLSParameters.availableGroups(among: ["X25519", "P-256", "P-384", "P-521"])
        configuration.parameters.applicationProtocols = target.applicationProtocols + protocols
        configuration.parameters.signatureAlgorithms = signatures.map { [$0] } ?? []
        configuration.parameters.allowsWeakPeers = true
        configuration.asksForStaple = true
        configuration.usesTickets = usesTickets
        return try TLSClientContext(configuration)
    }

    private func handshake(
        _ version: TLSVersion,
        signatures: String? = nil,
        protocols: [String] = []
    ) async -> Outcome {
        do {
            return await handshake(try context(version, signatures: signatures, protocols: protocols))
        } catch {
            return Outcome(problem: "\(error)")
        }
    }

    /// Shakes hands and waits a moment for what comes after: tickets, or the alert that a certificate is missing.
    private func handshake(_ context: TLSClientContext, waitsForMore: Bool = true) async -> Outcome {
        var outcome = Outcome()
        let connection: AsyncConnection
        do {
            connection = try await AsyncConnection.connect(
                to: target.address,
                tls: context,
                serverName: target.serverName ?? "",
                timeout: target.patience
            )
        } catch {
            outcome.isRefused = Self.isForWantOfCertificate(error)
            outcome.problem = "\(error)"
            return outcome
        }
        defer { connection.close() }
        let info = connection.tls
        outcome.evidence = connection.peerEvidence
        outcome.chosen = info?.applicationProtocol
        outcome.isResumed = info?.isResumed ?? false
        outcome.isOpen = true
        if !waitsForMore { return outcome }
        do {
            // One that wants a certificate may take a round trip to say so.
            let isAsked = outcome.evidence?.wasAskedForCertificate == true
            let wait: Duration = isAsked ? .milliseconds(1500) : .milliseconds(400)
            _ = try await withTimeLimit(wait, "tickets") { try await connection.read() }
        } catch let error as MeshError where error.code == .timedOut || error.code == .cancelled {
            // Nothing to read is what a server does that waits for a request.
        } catch {
            outcome.isRefused = Self.isForWantOfCertificate(error)
            outcome.isOpen = !outcome.isRefused
            outcome.problem = "\(error)"
        }
        return outcome
    }

    private static func isForWantOfCertificate(_ error: any Error) -> Bool {
        guard let failure = ((error as? MeshError)?.cause as? TLSFailure) ?? (error as? TLSFailure) else {
            return false
        }
        // TLS 1.3 has an alert of its own for it; before, any certificate's or the general one.
        return failure.alertReceived.map { [40, 41, 42, 43, 46, 48, 116].contains($0.rawValue) } ?? false
    }

    /// The ways in which a session goes on in a second connection.
    private func resumption(_ version: TLSVersion, _ suites: [CipherSuite]) async -> [String] {
        if version == .tls13 { return await resumes(version, usesTickets: true) ? ["PSK"] : [] }
        guard let scanned = ScanVersion(wireNumber: version.wireNumber) else { return [] }
        var ways: [String] = []
        // A server that gives no ticket may resume all the same, by the session ID.
        let answer = try? await prober.ask(scanned, suites).hello
        let givesTicket = answer?.extensions.contains(35) == true
        if givesTicket, await resumes(version, usesTickets: true) { ways.append("ticket") }
        if await resumes(version, usesTickets: false) { ways.append("session ID") }
        return ways
    }

    private func resumes(_ version: TLSVersion, usesTickets: Bool) async -> Bool {
        guard let context = try? context(version, usesTickets: usesTickets) else { return false }
        guard await handshake(context).isOpen else { return false }
        return await handshake(context, waitsForMore: false).isResumed
    }
}
