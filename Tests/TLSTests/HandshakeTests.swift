import Base
import TLS
import TestTLS
import Testing

@Suite struct HandshakeTests {
    private static let httpbin = "spiffe://cluster.local/ns/foo/sa/httpbin"
    private static let sleep = "spiffe://cluster.local/ns/foo/sa/sleep"
    private let mesh: TestAuthority
    private var server: TLSServerConfiguration
    private var client: TLSClientConfiguration

    init() throws {
        mesh = try TestAuthority()
        server = try mesh.workload(Self.httpbin).server
        client = try mesh.workload(Self.sleep).client
    }

    private func pair(serverName: String? = nil, offer: ApplicationProtocols? = nil) throws -> TLSPair {
        try TLSPair(
            TLSServerContext(server),
            TLSClientContext(client),
            serverName: serverName,
            offer: offer
        )
    }

    @Test(arguments: [TLSVersion.tls12, .tls13]) func `workloads of one mesh meet`(version: TLSVersion) throws {
        var (server, client) = (server, client)
        server.parameters.versions = version...version
        server.parameters.applicationProtocols = ["h2", "http/1.1"]
        client.verification.names = .exactly([Self.httpbin])
        let name = "outbound_.8000_._.httpbin.foo.svc.cluster.local"
        let pair = try TLSPair(
            TLSServerContext(server),
            TLSClientContext(client),
            serverName: name,
            offer: ["istio-http/1.1", "istio", "http/1.1"]
        )
        #expect(pair.handshake())
        let seen = try #require(pair.server?.info)
        #expect(seen.version == version)
        #expect(seen.applicationProtocol == "http/1.1")
        #expect(seen.serverName == name)
        #expect(seen.peerCertificate?.alternativeNames.uris == [Self.sleep])
        #expect(!seen.isResumed)
        #expect(pair.client.info?.peerCertificate?.alternativeNames.uris == [Self.httpbin])
        #expect(pair.client.info?.cipherSuite == seen.cipherSuite)
    }

    @Test func `an offer without a common protocol goes on without one`() throws {
        var server = server
        server.parameters.applicationProtocols = ["h2", "http/1.1"]
        let pair = try TLSPair(TLSServerContext(server), TLSClientContext(client), offer: ["istio"])
        #expect(pair.handshake())
        #expect(pair.client.info?.applicationProtocol == nil)
    }

    @Test(arguments: [1, 2, 16_383, 16_384, 16_385, 200_000, 3_000_000])
    func `bytes arrive whole, whatever the kernel takes at once`(count: Int) throws {
        let pair = try pair()
        try #require(pair.handshake())
        let server = try #require(pair.server)
        let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        var (position, received): (Int, [UInt8]) = (0, [])
        while received.count < count {
            if position < count, case .moved(let moved) = pair.client.write(sent.span.extracting(position...)) {
                position += moved
            } else {
                pair.client.flush()
            }
            let (bytes, result) = pair.read(server, limit: 10_000)
            try #require(result.failure == nil)
            received += bytes
        }
        #expect(received == sent)
        #expect(!pair.client.hasUnsent)
    }

    @Test func `the end is told apart from a cut`() throws {
        let polite = try pair()
        try #require(polite.handshake())
        polite.server?.finishSending()
        #expect(polite.read(polite.client).1.isEnd)
        #expect(polite.read(polite.client).1.isEnd)
        let cut = try pair()
        try #require(cut.handshake())
        _ = cut.read(cut.client)  // The tickets.
        cut.dropServer()
        #expect(cut.read(cut.client).1.failure?.kind == .truncated)
    }

    // Who is refused

    @Test func `a client of another trust domain gets certificate_unknown`() throws {
        var client = client
        client.identity = try mesh.identity(uri: "spiffe://other.example/ns/foo/sa/sleep")
        let pair = try TLSPair(TLSServerContext(server), TLSClientContext(client))
        #expect(!pair.handshake())
        #expect(pair.serverFailure?.kind == .peerNotVerified)
        #expect(pair.serverFailure?.reason.contains("spiffe://other.example/ns/foo/sa/sleep") == true)
        #expect(pair.serverFailure?.alertSent == .certificateUnknown)
        #expect(pair.clientFailure?.description == "peer rejected our certificate: certificate_unknown")
    }

    @Test func `a certificate seen before is still checked for its names, and by its own context only`() throws {
        let (serving, calling) = (try TLSServerContext(server), try TLSClientContext(client))
        for _ in 0..<3 { #expect(try TLSPair(serving, calling).handshake()) }
        var strict = server
        strict.clientCertificate = .required(PeerVerification(trust: mesh.trust, names: .trustDomains(["other"])))
        let refusing = try TLSServerContext(strict)
        for _ in 0..<3 { #expect(try !TLSPair(refusing, calling).handshake()) }
        strict.clientCertificate = .required(PeerVerification(trust: try TestAuthority().trust, names: .any))
        #expect(try !TLSPair(TLSServerContext(strict), calling).handshake())
    }

    @Test func `a trust domain is not a prefix of a longer one`() throws {
        var client = client
        client.identity = try mesh.identity(uri: "spiffe://cluster.local.evil.example/ns/foo/sa/sleep")
        let pair = try TLSPair(TLSServerContext(server), TLSClientContext(client))
        #expect(!pair.handshake())
        #expect(pair.clientFailure?.alertReceived == .certificateUnknown)
    }

    @Test func `a client of another authority gets unknown_ca, though it has the same name`() throws {
        var client = client
        client.identity = try TestAuthority().identity(uri: Self.sleep)
        let pair = try TLSPair(TLSServerContext(server), TLSClientContext(client))
        #expect(!pair.handshake())
        #expect(pair.clientFailure?.alertReceived == .unknownCA)
    }

    @Test func `a client whose certificate has expired gets certificate_expired`() throws {
        var client = client
        let key = try PrivateKey(generating: .p256)
        let past = Timestamp.now + .seconds(-7200)
        let authority = try CertificateAuthority.selfSigned(
            organization: "old",
            key: key,
            lifetime: .seconds(86_400),
            now: past
        )
        let leafKey = try PrivateKey(generating: .p256)
        let names = AlternativeNames(uris: [Self.sleep])
        let leaf = try authority.sign(leafKey.publicKey, names: names, lifetime: .seconds(60), now: past)
        client.identity = try TLSIdentity(chain: [leaf], key: leafKey)
        var server = server
        let trust = try TrustStore(roots: [authority.certificate])
        server.clientCertificate = .required(PeerVerification(trust: trust, names: .any))
        let pair = try TLSPair(TLSServerContext(server), TLSClientContext(client))
        #expect(!pair.handshake())
        #expect(pair.clientFailure?.alertReceived == .certificateExpired)
    }

    @Test func `a client whose certificate is revoked gets certificate_revoked, another does not`() throws {
        let (serial, other) = (try #require(client.identity).leaf, try mesh.identity(uri: Self.sleep))
        let list = try mesh.authority.revocationList(revoking: [serial], lifetime: .seconds(60))
        let lists = try RevocationList.lists(pem: list.pem + list.pem)
        #expect(lists.count == 2)
        var (server, client) = (server, client)
        let trust = try TrustStore(roots: [mesh.authority.certificate], revocationLists: lists)
        server.clientCertificate = .required(PeerVerification(trust: trust, names: .any))
        let serving = try TLSServerContext(server)
        let pair = try TLSPair(serving, TLSClientContext(client))
        #expect(!pair.handshake())
        #expect(pair.serverFailure?.reason == "certificate revoked")
        #expect(pair.clientFailure?.alertReceived == .certificateRevoked)
        client.identity = other
        #expect(try TLSPair(serving, TLSClientContext(client)).handshake())
        #expect(throws: MeshError.self) { try RevocationList.lists(pem: "none") }
        let past = Timestamp.now + .seconds(-600)
        let old = try mesh.authority.revocationList(revoking: [], lifetime: .seconds(60), now: past)
        let stale = try TrustStore(roots: [mesh.authority.certificate], revocationLists: [old])
        #expect(throws: MeshError(.peerRejected, "")) { try stale.verify(other.leaf, for: .client) }
    }

    @Test(arguments: [(TLSVersion.tls13, TLSAlert.certificateRequired), (.tls12, .handshakeFailure)])
    func `a client without a certificate is told so where one is required`(version: TLSVersion, alert: TLSAlert) throws
    {
        var (server, client) = (server, client)
        client.identity = nil
        server.parameters.versions = version...version
        let pair = try TLSPair(TLSServerContext(server), TLSClientContext(client))
        #expect(!pair.handshake())
        #expect(pair.serverFailure?.kind == .peerNotVerified)
        #expect(pair.serverFailure?.reason == "peer sent no certificate")
        #expect(pair.clientFailure?.alertReceived == alert)
    }

    @Test func `where a certificate is optional, none is fine and a bad one is not`() throws {
        var (server, client) = (server, client)
        server.clientCertificate = .optional(PeerVerification(trust: mesh.trust, names: .any))
        client.identity = nil
        let without = try TLSPair(TLSServerContext(server), TLSClientContext(client))
        #expect(without.handshake())
        #expect(without.server?.info?.peerCertificate == nil)
        client.identity = try TestAuthority().identity(uri: Self.sleep)
        #expect(try !TLSPair(TLSServerContext(server), TLSClientContext(client)).handshake())
    }

    @Test func `a server with an unexpected name is refused by the client`() throws {
        var client = client
        client.verification.names = .exactly(["spiffe://cluster.local/ns/foo/sa/other"])
        let pair = try TLSPair(TLSServerContext(server), TLSClientContext(client))
        #expect(!pair.handshake())
        #expect(pair.clientFailure?.kind == .peerNotVerified)
        #expect(pair.serverFailure?.description == "peer rejected our certificate: certificate_unknown")
    }

    @Test(arguments: [
        ("example.org", true), ("example.org.", true), ("www.example.net", true), ("a.b.example.net", false),
        ("example.com", false),
        ("10.1.2.3", true), ("10.1.2.4", false),
    ])
    func `host names are verified as in HTTPS`(host: String, isAccepted: Bool) throws {
        let address = try #require(IPAddress("10.1.2.3"))
        let identity = try mesh.identity(dnsNames: ["example.org", "*.example.net"], addresses: [address])
        let client = TLSClientConfiguration(verification: PeerVerification(trust: mesh.trust, names: .host))
        let server = TLSServerConfiguration(identity: identity)
        let pair = try TLSPair(TLSServerContext(server), TLSClientContext(client), serverName: host)
        #expect(pair.handshake() == isAccepted)
        if isAccepted {
            #expect(
                pair.server?.info?.serverName
                    == (IPAddress(host) == nil ? host.split(separator: ".").joined(separator: ".") : nil)
            )
        }
    }

    @Test(arguments: [
        ("example.org", true), (".example.net", true), (".org", true), (".example.com", false), ("", false),
        ("www.example.com", false),
    ])
    func `what is expected counts where nothing is asked for`(host: String, isAccepted: Bool) throws {
        let identity = try mesh.identity(dnsNames: ["example.org", "*.example.net"])
        let client = TLSClientConfiguration(verification: PeerVerification(trust: mesh.trust, names: .host))
        let server = TLSServerConfiguration(identity: identity)
        let pair = try TLSPair(TLSServerContext(server), TLSClientContext(client), expectedHost: host)
        #expect(pair.handshake() == isAccepted)
        if isAccepted { #expect(pair.server?.info?.serverName == nil) }
    }

    @Test func `without a common version both sides say so`() throws {
        var (server, client) = (server, client)
        server.parameters.versions = .tls13 ... .tls13
        client.parameters.versions = .tls12 ... .tls12
        let pair = try TLSPair(TLSServerContext(server), TLSClientContext(client))
        #expect(!pair.handshake())
        #expect(pair.clientFailure?.alertReceived == .protocolVersion)
        #expect(pair.serverFailure?.reason == "unsupported protocol")
    }

    @Test func `skipping verification accepts any server`() throws {
        var client = client
        client.verification = PeerVerification(trust: try TestAuthority().trust, names: .any)
        client.verification.acceptsAnyChain = true
        #expect(try TLSPair(TLSServerContext(server), TLSClientContext(client)).handshake())
    }

    @Test func `a peer that does not speak TLS is told apart`() throws {
        let pair = try pair()
        try #require(pair.handshake())
        // Whatever a fresh server connection reads first here is no ClientHello.
        let plain = Array("GET / HTTP/1.1\r\nhost: a\r\n\r\n".utf8)
        let other = try PlainClient(server: TLSServerContext(server), sends: plain)
        guard case .failed(let failure) = other.handshake() else { return #expect(Bool(false), "not refused") }
        #expect(failure.kind == .notTLS)
        #expect(failure.reason == "http request")
    }

    // Configuration

    @Test func `what cannot work is refused when the context is made`() throws {
        var server = server
        server.parameters.cipherSuites = ["NOPE"]
        var error = #expect(throws: MeshError.self) { try TLSServerContext(server) }
        #expect(error?.description.contains("no usable cipher suite among NOPE") == true)
        server.parameters.cipherSuites = []
        server.parameters.groups = ["X99"]
        error = #expect(throws: MeshError.self) { try TLSServerContext(server) }
        #expect(error?.description.contains("X99") == true)
        server.identities = []
        #expect(throws: MeshError.self) { try TLSServerContext(server) }
        var client = client
        client.verification.names = .exactly([])
        #expect(throws: MeshError.self) { try TLSClientContext(client) }
    }

    @Test func `a key of another certificate is refused`() throws {
        let (one, other) = (try mesh.identity(uri: Self.sleep), try PrivateKey(generating: .p256))
        #expect(throws: MeshError(.invalidConfiguration, "")) { try TLSIdentity(chain: one.chain, key: other) }
    }
}
