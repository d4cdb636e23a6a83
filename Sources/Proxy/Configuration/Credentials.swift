internal import Base
internal import Discovery
internal import Synchronization
internal import TLS

/// The workload's certificate and whom it believes: everything TLS is built from.
///
/// Made when a certificate, the roots or the inbound policy change; connections keep the contexts they began with.
final class Credentials: Sendable {
    /// `spiffe://…`: the workload's own name; empty when its certificate has none.
    let name: String
    let identity: TLSIdentity
    let trust: TrustStore
    /// For ports whose inside is HTTP, and for those whose inside is any bytes: they differ in ALPN.
    let httpServer: TLSServerContext
    let bytesServer: TLSServerContext
    /// What sessions with ``httpServer`` and ``bytesServer`` are kept by.
    let sessions: (http: RememberedSessions, bytes: RememberedSessions)
    private let callers = KnownCallers()
    private let clients = Mutex<[ClientMaterial: TLSClientContext]>([:])
    private let trustDomains: [String]

    /// Client contexts at most; more destinations share none.
    private static let mostClients = 4096

    /// - Parameter predecessor: Its sessions are resumed if the workload is still the same. Those of clients that are not
    ///   believed any more are not, nor those under other rules: a session holds only under its own.
    /// - Throws: ``MeshError`` that names what cannot be used.
    init(
        identity: TLSIdentity,
        trust: TrustStore,
        trustDomains: [String],
        inbound: InboundPolicy?,
        predecessor: Credentials? = nil
    ) throws(MeshError) {
        self.identity = identity
        self.trust = trust
        self.trustDomains = trustDomains
        name = identity.leaf.alternativeNames.uris.first ?? ""
        let isSame = predecessor?.name == name && !name.isEmpty
        let old = isSame ? predecessor?.sessions : nil
        sessions = old ?? (RememberedSessions(), RememberedSessions())
        let policy = inbound ?? InboundPolicy()
        func server(_ protocols: [String], _ sessions: RememberedSessions) throws(MeshError) -> TLSServerContext {
            var configuration = TLSServerConfiguration(identity: identity)
            let highest = max(policy.minimumVersion, .tls13)
            configuration.parameters.versions = policy.minimumVersion...highest
            configuration.parameters.cipherSuites = policy.cipherSuites
            configuration.parameters.applicationProtocols = protocols
            let names: PeerVerification.Names = trustDomains.isEmpty ? .any : .trustDomains(trustDomains)
            configuration.clientCertificate = .required(PeerVerification(trust: trust, names: names))
            configuration.rememberedSessions = sessions
            return try TLSServerContext(configuration)
        }
        httpServer = try server(["h2", "http/1.1"], sessions.http)
        bytesServer = try server(["istio-peer-exchange", "h2", "http/1.1"], sessions.bytes)
    }

    /// The caller behind a verified certificate.
    func caller(_ certificate: Certificate) -> KnownCallers.Caller {
        let hash = certificate.fingerprint
        return callers.caller(hash) {
            let names = certificate.alternativeNames
            let caller = ForwardedClientCert.Caller(
                hash: hash,
                subject: certificate.subject,
                uris: names.uris,
                dnsNames: names.dnsNames
            )
            let element = ForwardedClientCert.element(receiver: name, caller: caller)
            return KnownCallers.Caller(principal: principal(of: names.uris), element: Array(element.utf8))
        }
    }

    private func principal(of uris: [String]) -> String {
        uris.first { uri in trustDomains.contains { uri.hasPrefix("spiffe://\($0)/") } } ?? uris.first ?? ""
    }

    /// The context for a destination; shared by all workers.
    ///
    /// - Throws: ``MeshError`` when a file or a secret cannot be used.
    func client(_ material: ClientMaterial) throws(MeshError) -> TLSClientContext {
        if let known = clients.withLock({ $0[material] }) { return known }
        var configuration = TLSClientConfiguration(verification: try verification(material))
        configuration.identity = try material.identity(workload: identity)
        let context = try TLSClientContext(configuration)
        clients.withLock { if $0.count < Self.mostClients { $0[material] = context } }
        return context
    }

    private func verification(_ material: ClientMaterial) throws(MeshError) -> PeerVerification {
        let tls = material.tls
        if tls.skipsVerification {
            var verification = PeerVerification(trust: .none, names: .any)
            verification.acceptsAnyChain = true
            return verification
        }
        var verification = PeerVerification(trust: try material.trust(workload: trust), names: .any)
        if !tls.subjectAlternativeNames.isEmpty {
            verification.names = .exactly(Set(tls.subjectAlternativeNames))
        } else if tls.verifiesHost {
            verification.names = .host
        }
        return verification
    }
}
