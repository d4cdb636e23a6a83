/// Whom to believe on the other end of TLS.
public struct PeerVerification: Sendable {
    /// What the peer must be called, once its chain is good.
    public enum Names: Sendable, Hashable {
        /// Anything: only the chain counts.
        case any
        /// A SPIFFE id (URI SAN) of one of these trust domains, as a server of the mesh asks of its clients.
        case trustDomains([String])
        /// One of these, to the letter, as a SAN of any kind; never empty.
        case exactly(Set<String>)
        /// The name that the client expects (``TLSConnection`` `expectedHost`), by the rules of HTTPS (RFC 6125).
        case host
    }

    public var trust: TrustStore
    public var names: Names
    /// Whether a chain that leads to no root is accepted all the same (`insecureSkipVerify`); names still count.
    public var acceptsAnyChain = false

    /// If there are any, the peer's certificate must be one of these, whatever its chain.
    public var pins = CertificatePins()

    public init(trust: TrustStore, names: Names) {
        (self.trust, self.names) = (trust, names)
    }

    /// Why `certificate` is not the peer that is wanted; nil when it is.
    func objection(to certificate: Certificate, host: String?) -> String? {
        if let objection = objection(toNamesOf: certificate, host: host) { return objection }
        if pins.isEmpty || pins.contain(certificate) { return nil }
        return "\(certificate) is none of those that verifyCertificateSpki and verifyCertificateHash name"
    }

    private func objection(toNamesOf certificate: Certificate, host: String?) -> String? {
        switch names {
        case .any: return nil
        case .trustDomains(let domains):
            let uris = certificate.alternativeNames.uris
            let isMember = uris.contains { uri in domains.contains { uri.hasPrefix("spiffe://\($0)/") } }
            if isMember { return nil }
            return "\(Self.listed(uris)) not in trust domain \(domains.joined(separator: ", "))"
        case .exactly(let wanted):
            let names = certificate.alternativeNames.all
            if names.contains(where: wanted.contains) { return nil }
            return "\(Self.listed(names)) not among the expected \(wanted.sorted().joined(separator: ", "))"
        case .host:
            guard let host, !host.isEmpty else { return "no host name to verify the certificate against" }
            if certificate.isFor(host: host) { return nil }
            return "\(Self.listed(certificate.alternativeNames.all)) not valid for host \(host)"
        }
    }

    private static func listed(_ names: [String]) -> String {
        names.isEmpty ? "certificate without subject alternative names is" : "SAN \(names.joined(separator: ", ")) is"
    }
}

extension PeerVerification {
    /// All that decides whom it believes, for telling two apart.
    var fingerprint: String {
        let roots = trust.isSystem ? ["system"] : trust.roots.map(\.fingerprint).sorted()
        let lists = trust.revocationLists.map(\.fingerprint).sorted()
        let name: String =
            switch names {
            case .any: "any"
            case .trustDomains(let domains): "domains \(domains.sorted())"
            case .exactly(let names): "exactly \(names.sorted())"
            case .host: "host"
            }
        return "\(roots) \(lists) \(name) \(acceptsAnyChain) \(pins.fingerprint)"
    }
}
