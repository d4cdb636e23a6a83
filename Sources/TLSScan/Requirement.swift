public import Base
internal import TLS

/// One thing that a server has to fulfil for a pipeline to go on, such as `min=TLSV1_2`.
public struct Requirement: Sendable, CustomStringConvertible {
    private enum Rule: Sendable {
        case minimum(ScanVersion), maximum(ScanVersion), offers(ScanVersion)
        case suite(CipherSuite), noSuite(CipherSuite), forwardSecrecy, authenticatedEncryption
        case group(String), applicationProtocol(String)
        case certificateDays(Int), matchesHost, trusted, orderedChain, stapling
        case resumption, clientCertificate(ScanReport.ClientCertificate), fallback, client(String)
    }

    /// As it was written.
    public let description: String
    private let rule: Rule

    /// Whether it can only be judged with the simulated clients.
    public var needsClients: Bool { if case .client = rule { true } else { false } }

    /// Every form, with what it asks for.
    public static let help = """
        min=VERSION          nothing below is offered: SSLv3, TLSV1_0, TLSV1_1, TLSV1_2 or TLSV1_3
        max=VERSION          nothing above is offered
        offers=VERSION       this version is offered
        suite=NAME           this cipher suite is offered, by OpenSSL's name
        noSuite=NAME         this cipher suite is not offered
        pfs                  all suites are forward secret
        aead                 all suites encrypt and authenticate in one
        group=NAME           keys are exchanged in this group with some version, such as X25519
        alpn=NAME            this protocol is taken, such as h2
        cert-days=N          every certificate is valid for N more days
        cert-host            every certificate is for the name asked for
        cert-trusted         every chain leads to a root of this machine
        cert-chain           every chain is in order and complete in itself
        stapling             an OCSP response comes with every certificate
        resumption           a session can be resumed with every version from TLS 1.2 on
        clientcert=KIND      certificates of clients: none, optional or required
        fallback             a forced fallback to a lower version is noticed
        client=NAME          this simulated client connects, such as client=Java 8u161
        """

    /// Reads rules separated by commas.
    ///
    /// - Throws: ``MeshError`` that names the rule which is none.
    public static func list(_ text: String) throws(MeshError) -> [Requirement] {
        var requirements: [Requirement] = []
        for part in text.split(separator: ",") { requirements.append(try Requirement(String(part))) }
        return requirements
    }

    public init(_ text: String) throws(MeshError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let rule = Self.rule(parts[0], parts.count == 2 ? parts[1] : nil) else {
            throw MeshError(.invalidConfiguration, "requirement \(text) is not known; these are:\n\(Self.help)")
        }
        (self.rule, description) = (rule, text)
    }

    private static func rule(_ key: String, _ value: String?) -> Rule? {
        guard let value else {
            return [
                "pfs": .forwardSecrecy, "aead": .authenticatedEncryption, "cert-host": .matchesHost,
                "cert-trusted": .trusted, "cert-chain": .orderedChain, "stapling": .stapling,
                "resumption": .resumption, "fallback": .fallback,
            ][key]
        }
        switch key {
        case "min": return ScanVersion(value).map { .minimum($0) }
        case "max": return ScanVersion(value).map { .maximum($0) }
        case "offers": return ScanVersion(value).map { .offers($0) }
        case "suite": return CipherSuite(name: value).map { .suite($0) }
        case "noSuite": return CipherSuite(name: value).map { .noSuite($0) }
        case "group": return value.isEmpty ? nil : .group(value)
        case "alpn": return value.isEmpty ? nil : .applicationProtocol(value)
        case "cert-days": return Int(value).map { .certificateDays($0) }
        case "clientcert":
            let kind = ScanReport.ClientCertificate(rawValue: value)
            return kind == .requested ? nil : kind.map { .clientCertificate($0) }
        case "client":
            return SimulatedClient.all.contains { $0.name == value } ? .client(value) : nil
        default: return nil
        }
    }

    /// Why the server does not fulfil it; nil when it does.
    public func objection(to report: ScanReport, now: Timestamp = .now) -> String? {
        switch rule {
        case .minimum, .maximum, .offers: versionObjection(report)
        case .suite, .noSuite, .forwardSecrecy, .authenticatedEncryption: suiteObjection(report)
        case .certificateDays, .matchesHost, .trusted, .orderedChain, .stapling: certificateObjection(report, now)
        case .group, .applicationProtocol, .resumption, .clientCertificate, .fallback, .client:
            connectionObjection(report)
        }
    }

    private func versionObjection(_ report: ScanReport) -> String? {
        let unknown = report.protocols.filter { if case .unknown = $0.value { true } else { false } }.keys
        func listed(_ versions: [ScanVersion]) -> String? {
            versions.isEmpty ? nil : "offers \(versions.sorted().map(\.description).joined(separator: ", "))"
        }
        switch rule {
        case .minimum(let version):
            if let below = unknown.filter({ $0 < version }).min() { return "cannot tell whether \(below) is offered" }
            return listed(report.offered.filter { $0 < version })
        case .maximum(let version):
            if let above = unknown.filter({ $0 > version }).min() { return "cannot tell whether \(above) is offered" }
            return listed(report.offered.filter { $0 > version })
        case .offers(let version): return report.offered.contains(version) ? nil : "does not offer \(version)"
        default: return nil
        }
    }

    private func suiteObjection(_ report: ScanReport) -> String? {
        let suites = report.allSuites
        if case .suite(let suite) = rule { return suites.contains(suite) ? nil : "does not offer \(suite)" }
        if let wrong = suites.first(where: isUnwanted) { return "offers \(wrong)" }
        return report.versionsWithGaps.first.map { "cannot tell: not all cipher suites of \($0) have been seen" }
    }

    private func isUnwanted(_ suite: CipherSuite) -> Bool {
        switch rule {
        case .noSuite(let unwanted): suite == unwanted
        case .forwardSecrecy: !suite.isForwardSecret
        case .authenticatedEncryption: !suite.isAuthenticatedEncryption
        default: false
        }
    }

    private func certificateObjection(_ report: ScanReport, _ now: Timestamp) -> String? {
        if report.certificates.isEmpty { return "no certificate has been seen" }
        return report.certificates.compactMap { certificate -> String? in
            switch rule {
            case .certificateDays(let days):
                let left = certificate.daysLeft(now: now)
                return left < days ? "\(certificate.leaf) has \(left) days left" : nil
            case .matchesHost:
                return certificate.matchesHost == true ? nil : "\(certificate.leaf) is not for the name asked for"
            case .trusted: return certificate.distrust.map { "\(certificate.leaf): \($0)" }
            case .orderedChain: return certificate.chainProblem
            case .stapling: return certificate.isStapled ? nil : "no OCSP response for \(certificate.leaf)"
            default: return nil
            }
        }.first
    }

    private func connectionObjection(_ report: ScanReport) -> String? {
        switch rule {
        case .group(let name):
            let groups = report.groups.flatMap(\.groups).map { $0.description.uppercased() }
            return groups.contains(name.uppercased()) ? nil : "does not exchange keys in \(name)"
        case .applicationProtocol(let name):
            return report.applicationProtocols.contains(name) ? nil : "does not take \(name)"
        case .resumption:
            let missing = report.offered.first { $0 >= .tls12 && report.resumption[$0]?.isEmpty ?? true }
            return missing.map { "resumes no session of \($0)" }
        case .clientCertificate(let kind):
            let found = report.clientCertificate?.rawValue ?? "unknown"
            return found == kind.rawValue ? nil : "certificates of clients: \(found)"
        case .fallback:
            guard let fallback = report.fallback else { return "cannot tell whether a fallback is noticed" }
            return fallback == .unprotected ? "does not notice a fallback" : nil
        case .client(let name):
            let connects = report.clients.contains { $0.client.name == name && $0.connection != nil }
            return connects ? nil : "\(name) cannot connect"
        default: return nil
        }
    }
}
