import Base
import TestTLS
import Testing

@testable import TLS

@Suite struct ResumptionTests {
    private let mesh: TestAuthority
    private let server: TLSServerConfiguration
    private let client: TLSClientConfiguration

    init() throws {
        mesh = try TestAuthority()
        server = try mesh.workload("spiffe://cluster.local/ns/foo/sa/httpbin").server
        client = try mesh.workload("spiffe://cluster.local/ns/foo/sa/sleep").client
    }

    /// Connects, lets the tickets arrive, and says whether the session was a resumed one.
    private func connect(_ server: TLSServerContext, _ client: TLSClientContext, to destination: String?) throws -> Bool
    {
        let pair = try TLSPair(server, client, destination: destination)
        try #require(pair.handshake())
        _ = pair.read(pair.client)
        let info = try #require(pair.server?.info)
        #expect(pair.client.info?.isResumed == info.isResumed)
        // A resumed session knows its peers as well as the first one did.
        #expect(info.peerCertificate?.alternativeNames.uris == ["spiffe://cluster.local/ns/foo/sa/sleep"])
        #expect(pair.client.info?.peerCertificate != nil)
        return info.isResumed
    }

    @Test(arguments: [TLSVersion.tls12, .tls13]) func `the second connection to a destination resumes`(
        version: TLSVersion
    ) throws {
        var server = server
        server.parameters.versions = version...version
        let (serving, calling) = (try TLSServerContext(server), try TLSClientContext(client))
        #expect(try !connect(serving, calling, to: "10.0.0.1:80"))
        for _ in 0..<50 { #expect(try connect(serving, calling, to: "10.0.0.1:80")) }
        #expect(try !connect(serving, calling, to: "10.0.0.2:80"))
        #expect(try !connect(serving, calling, to: nil))
    }

    @Test func `connections opened together resume as well once there are tickets for them`() throws {
        let (serving, calling) = (try TLSServerContext(server), try TLSClientContext(client))
        var resumed = 0
        for _ in 0..<20 {
            let pairs = try (0..<16).map { _ in try TLSPair(serving, calling, destination: "a") }
            for pair in pairs {
                try #require(pair.handshake())
                _ = pair.read(pair.client)
                if pair.client.info?.isResumed == true { resumed += 1 }
            }
        }
        // All but those of the first round.
        #expect(resumed == 19 * 16)
    }

    @Test func `another server context does not accept the tickets`() throws {
        let calling = try TLSClientContext(client)
        #expect(try !connect(TLSServerContext(server), calling, to: "a"))
        #expect(try !connect(TLSServerContext(server), calling, to: "a"))
    }

    @Test func `another client context does not use the sessions`() throws {
        let serving = try TLSServerContext(server)
        #expect(try !connect(serving, TLSClientContext(client), to: "a"))
        #expect(try !connect(serving, TLSClientContext(client), to: "a"))
    }
}

/// Servers that keep their sessions instead of sealing them.
@Suite struct RememberedSessionsTests {
    private let mesh: TestAuthority
    private let client: TLSClientConfiguration

    init() throws {
        mesh = try TestAuthority()
        client = try mesh.workload("spiffe://cluster.local/ns/foo/sa/sleep").client
    }

    private func server(
        _ sessions: RememberedSessions,
        _ version: TLSVersion = .tls13,
        _ verification: PeerVerification? = nil
    ) throws -> TLSServerContext {
        var configuration = try mesh.workload("spiffe://cluster.local/ns/foo/sa/httpbin").server
        configuration.parameters.versions = version...version
        configuration.rememberedSessions = sessions
        if let verification { configuration.clientCertificate = .required(verification) }
        return try TLSServerContext(configuration)
    }

    /// Connects, lets the ticket arrive, and says whether the session was a resumed one.
    private func connect(_ server: TLSServerContext, _ client: TLSClientContext) throws -> Bool {
        let pair = try TLSPair(server, client, destination: "a")
        try #require(pair.handshake())
        _ = pair.read(pair.client)
        let info = try #require(pair.server?.info)
        #expect(info.peerCertificate?.alternativeNames.uris == ["spiffe://cluster.local/ns/foo/sa/sleep"])
        return info.isResumed
    }

    @Test(arguments: [TLSVersion.tls12, .tls13]) func `a client that comes back resumes`(version: TLSVersion) throws {
        let (serving, calling) = (try server(RememberedSessions(), version), try TLSClientContext(client))
        #expect(try !connect(serving, calling))
        for _ in 0..<20 { #expect(try connect(serving, calling)) }
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func `a client that left without close_notify resumes`(version: TLSVersion) throws {
        let (serving, calling) = (try server(RememberedSessions(), version), try TLSClientContext(client))
        for round in 0..<3 {
            let pair = try TLSPair(serving, calling, destination: "a")
            try #require(pair.handshake())
            _ = pair.read(pair.client)
            #expect(pair.server?.info?.isResumed == (round > 0))
            pair.dropClient()
            let server = try #require(pair.server)
            #expect(pair.read(server).1.failure != nil)
        }
    }

    @Test func `a renewed certificate keeps the sessions`() throws {
        let (sessions, calling) = (RememberedSessions(), try TLSClientContext(client))
        #expect(try !connect(server(sessions), calling))
        #expect(try connect(server(sessions), calling))
        #expect(try !connect(server(RememberedSessions()), calling))
    }

    @Test func `other roots or revocation lists do not`() throws {
        let (sessions, calling) = (RememberedSessions(), try TLSClientContext(client))
        #expect(try !connect(server(sessions), calling))
        let list = try mesh.authority.revocationList(revoking: [], lifetime: .seconds(60))
        let listed = try TrustStore(roots: mesh.trust.roots, revocationLists: [list])
        let names = PeerVerification.Names.trustDomains(["cluster.local"])
        #expect(try !connect(server(sessions, .tls13, PeerVerification(trust: listed, names: names)), calling))
        let more = try TrustStore(roots: mesh.trust.roots + TestAuthority().trust.roots)
        #expect(try !connect(server(sessions, .tls13, PeerVerification(trust: more, names: names)), calling))
    }

    @Test func `there is an end to how many are kept, and the newest stay`() throws {
        let (sessions, calling) = (RememberedSessions(), try TLSClientContext(client))
        let serving = try server(sessions)
        for _ in 0..<RememberedSessions.limit + 20 { _ = try connect(serving, calling) }
        #expect(sessions.count == RememberedSessions.limit)
        #expect(try connect(serving, calling))
    }

    @Test func `a session ends with its client's certificate`() throws {
        var brief = client
        brief.identity = try mesh.identity(uri: "spiffe://cluster.local/ns/foo/sa/sleep", lifetime: .seconds(100))
        let sessions = RememberedSessions()
        #expect(try !connect(server(sessions), TLSClientContext(brief)))
        #expect(sessions.latestEnd.map { $0 <= .now + .seconds(100) } == true)
    }
}

/// Contexts that share their keys, as those do of which one replaces the other.
@Suite struct SharedTicketTests {
    private let authority: TestAuthority
    private let keys = TicketKeys()
    private let identity: TLSIdentity
    private let clientIdentity: TLSIdentity

    init() throws {
        authority = try TestAuthority()
        identity = try authority.identity(dnsNames: ["a.example"])
        clientIdentity = try authority.identity(dnsNames: ["client.example"])
    }

    private func server(_ change: (inout TLSServerConfiguration) throws -> Void = { _ in }) throws -> TLSServerContext {
        var configuration = TLSServerConfiguration(identity: identity)
        configuration.ticketKeys = keys
        try change(&configuration)
        return try TLSServerContext(configuration)
    }

    private func client(_ version: TLSVersion, showsCertificate: Bool = true) throws -> TLSClientContext {
        var configuration = TLSClientConfiguration(verification: PeerVerification(trust: authority.trust, names: .any))
        configuration.parameters.versions = version...version
        configuration.identity = showsCertificate ? clientIdentity : nil
        return try TLSClientContext(configuration)
    }

    /// Whether a session that `first` made is resumed by `second`.
    private func isResumed(
        from first: TLSServerContext,
        by second: TLSServerContext,
        as client: TLSClientContext
    ) throws -> Bool {
        let pair = try TLSPair(first, client, serverName: "a.example", destination: "a")
        try #require(pair.handshake())
        _ = pair.read(pair.client)
        let later = try TLSPair(second, client, serverName: "a.example", destination: "a")
        try #require(later.handshake())
        return later.server?.info?.isResumed == true
    }

    @Test(arguments: [TLSVersion.tls12, .tls13]) func `a renewed certificate keeps the sessions`(
        version: TLSVersion
    ) throws {
        let renewed = try authority.identity(dnsNames: ["a.example"])
        let (old, new) = (try server(), try server { $0.identities = [renewed] })
        #expect(try isResumed(from: old, by: new, as: client(version)))
    }

    @Test(arguments: [TLSVersion.tls12, .tls13]) func `other rules for clients, versions or suites do not`(
        version: TLSVersion
    ) throws {
        let open = try server()
        let trust = authority.trust
        func verification(_ names: PeerVerification.Names = .any) -> PeerVerification {
            PeerVerification(trust: trust, names: names)
        }
        let sessions: [(inout TLSServerConfiguration) throws -> Void] = [
            { $0.clientCertificate = .required(verification()) },
            { $0.clientCertificate = .optional(verification()) },
            { $0.parameters.cipherSuites = ["ECDHE-ECDSA-AES256-GCM-SHA384"] },
            { $0.parameters.versions = version...version },
        ]
        for change in sessions { #expect(try !isResumed(from: open, by: server(change), as: client(version))) }
        let strict = try server { $0.clientCertificate = .required(verification()) }
        let named = try server { $0.clientCertificate = .required(verification(.exactly(["client.example"]))) }
        #expect(try isResumed(from: strict, by: strict, as: client(version)))
        #expect(try !isResumed(from: strict, by: named, as: client(version)))
        let list = try authority.authority.revocationList(revoking: [], lifetime: .seconds(60))
        let listed = try TrustStore(roots: trust.roots, revocationLists: [list])
        let checked = try server { $0.clientCertificate = .required(PeerVerification(trust: listed, names: .any)) }
        #expect(try !isResumed(from: strict, by: checked, as: client(version)))
    }

    @Test(arguments: [TLSVersion.tls12, .tls13]) func `where a certificate is optional, sessions without one go on`(
        version: TLSVersion
    ) throws {
        let serving = try server {
            $0.clientCertificate = .optional(PeerVerification(trust: authority.trust, names: .any))
        }
        #expect(try isResumed(from: serving, by: serving, as: client(version, showsCertificate: false)))
        #expect(try isResumed(from: serving, by: serving, as: client(version)))
    }
}
