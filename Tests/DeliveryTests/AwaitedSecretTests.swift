import Base
import Discovery
import Network
import TLS
import TestTLS
import Testing

@testable import Proxy

/// Bytes on their way to a destination whose secrets have not come yet.
@Suite(.timeLimit(.minutes(2))) struct AwaitedSecretTests {
    enum Role: CaseIterable { case sidecar, gateway }

    static let remote = "outbound|443||remote.example"

    /// A proxy that carries all bytes that come to `place` to `server`, which asks for a certificate.
    struct Setting {
        let role: Role
        let place: SocketAddress
        let server: SocketAddress
        /// The proxy's own, without which it begins no TLS.
        let credentials: Credentials
        /// The server names that clients ask for where these lead to the server.
        let names: String?

        init(_ role: Role, at place: SocketAddress, to server: SocketAddress, names: String? = nil) throws {
            (self.role, self.place, self.server, self.names) = (role, place, server, names)
            let mesh = try TestAuthority()
            credentials = try Credentials(
                identity: mesh.identity(uri: "spiffe://cluster.local/ns/full/sa/sleep"),
                trust: mesh.trust,
                trustDomains: ["cluster.local"],
                inbound: nil
            )
        }

        func tables(_ secrets: [String: Credential], after before: ProxyTables? = nil) -> ProxyTables {
            var destination = Destination(
                name: remote,
                host: names ?? "remote.example",
                port: 443,
                application: .tcp
            )
            destination.resolvesRequestedHost = names != nil
            let address = server.ip.description
            destination.endpoints = [.init(address: address, port: server.port, tls: .configured, reason: "test")]
            var tls = ClientTLS(credential: .secret("own"))
            tls.rootsSecret = "roots"
            destination.tls = tls
            var content = ProxyTables.Content()
            content.destinations = [remote: destination]
            content.secrets = secrets
            switch role {
            case .sidecar:
                let all = [WeightedDestination(remote)]
                let byName = names.map { ServerNameRoutes.Route(serverNames: [$0], destinations: all) }
                content.otherAddresses = byName.map { .tls(ServerNameRoutes(routes: [$0], other: all)) } ?? .tcp(all)
            case .gateway:
                let chain = GatewayListener.Chain(.plaintext, .bytes([WeightedDestination(remote)]))
                content.gateway = GatewayConfiguration()
                content.gateway?.listeners = [
                    GatewayListener(address: place.ip.description, port: place.port, chains: [chain])
                ]
            }
            return ProxyTables(content, credentials: credentials, routing: .empty, predecessor: before?.gateway)
        }

        func plane(_ tables: ProxyTables, _ traffic: Traffic, patience: Duration = .seconds(120)) throws -> DataPlane {
            var limits = WorkerLimits()
            limits.onDemandTimeout = patience
            var addresses = DataPlane.Addresses(outbound: place, inbound: SocketAddress(.loopback, port: 0))
            addresses.outboundFallback = World.serviceAddress
            return try DataPlane(
                workers: 1,
                addresses: role == .sidecar ? addresses : nil,
                limits: limits,
                tables: tables,
                discovery: traffic
            )
        }
    }

    /// A server's listener, and what secrets a client of it needs.
    static func server() throws -> (AsyncListener, [String: Credential]) {
        let authority = try TestAuthority()
        let trusted = PeerVerification(trust: authority.trust, names: .any)
        var configuration = TLSServerConfiguration(identity: try authority.identity(dnsNames: ["remote.example"]))
        configuration.clientCertificate = .required(trusted)
        let context = try TLSServerContext(configuration)
        let listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0), tls: context)
        var roots = Credential()
        roots.rootsPEM = authority.rootPEM
        let key = try PrivateKey(generating: .p256)
        let names = AlternativeNames(uris: [], dnsNames: ["client.example"], addresses: [])
        var own = Credential()
        own.certificatesPEM = try authority.authority.sign(key.publicKey, names: names, lifetime: .seconds(60)).pem
        own.keyPEM = key.pem()
        return (listener, ["roots": roots, "own": own])
    }

    @Test(arguments: Role.allCases)
    func `the first bytes wait for one secret after the other`(role: Role) async throws {
        let (listener, secrets) = try Self.server()
        let port = try ReservedPort("127.0.0.1")
        let setting = try Setting(role, at: port.address, to: listener.address)
        let traffic = Traffic()
        let nothing = setting.tables([:])
        let plane = try setting.plane(nothing, traffic)
        defer { plane.stop() }
        async let heard = listener.accept().read()
        let client = try await AsyncConnection.connect(to: port.address)
        try await client.write(Array("hello".utf8))
        try await eventually("the roots are asked for") { traffic.counts.requests == [.credential("roots")] }
        let half = setting.tables(secrets.filter { $0.key == "roots" }, after: nothing)
        plane.replace(half)
        try await eventually("then its own certificate is") { traffic.counts.requests.last == .credential("own") }
        #expect(!client.isOver)
        plane.replace(setting.tables(secrets, after: half))
        let bytes = try await heard
        #expect(bytes == Array("hello".utf8))
        client.close()
    }

    @Test func `no name is looked up before the secrets of its destination are there`() async throws {
        let (listener, secrets) = try Self.server()
        let port = try ReservedPort("127.0.0.1")
        let setting = try Setting(.sidecar, at: port.address, to: listener.address, names: "localhost")
        let traffic = Traffic()
        let nothing = setting.tables([:])
        let plane = try setting.plane(nothing, traffic)
        defer { plane.stop() }
        let trust = try TestAuthority().trust
        let context = try TLSClientContext(
            TLSClientConfiguration(verification: PeerVerification(trust: trust, names: .host))
        )
        async let call = AsyncConnection.connect(to: port.address, tls: context, serverName: "localhost")
        try await eventually("the roots are asked for") { traffic.counts.requests == [.credential("roots")] }
        let half = setting.tables(secrets.filter { $0.key == "roots" }, after: nothing)
        plane.replace(half)
        try await eventually("then its own certificate is") { traffic.counts.requests.last == .credential("own") }
        plane.replace(setting.tables(secrets, after: half))
        // It leads to this machine, where nobody is sent by a name; so it was looked up now.
        let connection = try? await call
        #expect(connection == nil)
        #expect(traffic.counts.requests.count == 2)
    }

    @Test func `bytes that wait go nowhere when the gateway's server is gone`() async throws {
        let (listener, secrets) = try Self.server()
        let port = try ReservedPort("127.0.0.1")
        let setting = try Setting(.gateway, at: port.address, to: listener.address)
        let traffic = Traffic()
        let plane = try setting.plane(setting.tables([:]), traffic)
        defer { plane.stop() }
        let client = try await AsyncConnection.connect(to: port.address)
        try await eventually("the roots are asked for") { !traffic.counts.requests.isEmpty }
        var content = setting.tables(secrets).content
        content.gateway?.listeners = []
        plane.replace(ProxyTables(content, credentials: setting.credentials, routing: .empty))
        let rest = try? await client.read()
        #expect(rest?.isEmpty ?? true)
        let counted = await plane.collect()
        #expect(counted.connections == 0 && counted.metrics.handshakesFailed == 0)
    }

    @Test(arguments: Role.allCases)
    func `a secret that does not come in time ends the connection`(role: Role) async throws {
        let (listener, _) = try Self.server()
        let port = try ReservedPort("127.0.0.1")
        let setting = try Setting(role, at: port.address, to: listener.address)
        let traffic = Traffic()
        let plane = try setting.plane(setting.tables([:]), traffic, patience: .milliseconds(20))
        defer { plane.stop() }
        // On a busy machine the end is there before the connection is known to be.
        let client = try? await AsyncConnection.connect(to: port.address)
        let rest = try? await client?.read()
        #expect(rest?.isEmpty ?? true)
        #expect(traffic.counts.requests == [.credential("roots")])
    }
}
