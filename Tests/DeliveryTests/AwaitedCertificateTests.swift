import Base
import Discovery
import Network
import TLS
import TestTLS
import Testing

@testable import Proxy

/// Clients of a gateway's server whose certificate has not come yet, as when its Gateway names another Secret.
@Suite(.timeLimit(.minutes(2))) struct AwaitedCertificateTests {
    let authority: TestAuthority
    let port: ReservedPort
    let traffic = Traffic()

    init() throws {
        authority = try TestAuthority()
        port = try ReservedPort("127.0.0.1")
    }

    private func tables(_ secrets: [String: Credential]) -> ProxyTables {
        let tls = ServerTLS(.credentials(["site"]))
        let chain = GatewayListener.Chain(.terminate(tls), .http(routes: "none"))
        var content = ProxyTables.Content()
        content.gateway = GatewayConfiguration()
        content.gateway?.listeners = [
            GatewayListener(address: port.address.ip.description, port: port.address.port, chains: [chain])
        ]
        content.secrets = secrets
        return ProxyTables(content, credentials: nil, routing: .empty)
    }

    private func plane(_ limits: WorkerLimits) throws -> DataPlane {
        try DataPlane(workers: 1, addresses: nil, limits: limits, tables: tables([:]), discovery: traffic)
    }

    /// The beginning of the answer to a request for anything.
    private func ask() async throws -> String {
        let trusted = PeerVerification(trust: authority.trust, names: .any)
        let context = try TLSClientContext(TLSClientConfiguration(verification: trusted))
        let client = try await AsyncConnection.connect(to: port.address, tls: context)
        defer { client.close() }
        try await client.write(Array("GET / HTTP/1.1\r\nHost: site.example\r\n\r\n".utf8))
        return String(decoding: try await client.read().prefix(12), as: UTF8.self)
    }

    @Test func `a handshake waits for the certificate`() async throws {
        let plane = try plane(.patient)
        defer { plane.stop() }
        async let answer = ask()
        try await eventually("the certificate is asked for") { traffic.counts.requests == [.credential("site")] }
        let key = try PrivateKey(generating: .p256)
        let names = AlternativeNames(uris: [], dnsNames: ["site.example"], addresses: [])
        var site = Credential()
        site.certificatesPEM = try authority.authority.sign(key.publicKey, names: names, lifetime: .seconds(60)).pem
        site.keyPEM = key.pem()
        plane.replace(tables(["site": site]))
        let line = try await answer
        #expect(line == "HTTP/1.1 404")
    }

    @Test func `a certificate that is said not to be there is waited for no longer`() async throws {
        let plane = try plane(.patient)
        defer { plane.stop() }
        async let answer = ask()
        try await eventually("the certificate is asked for") { traffic.counts.requests == [.credential("site")] }
        var absent = Credential()
        absent.problem = "secret edge/site not found"
        plane.replace(tables(["site": absent]))
        let line = try? await answer
        #expect(line == nil)
    }

    @Test func `a certificate is not waited for without end`() async throws {
        var limits = WorkerLimits()
        limits.onDemandTimeout = .milliseconds(20)
        let plane = try plane(limits)
        defer { plane.stop() }
        await #expect(throws: (any Error).self) { try await ask() }
        limits.onDemandTimeout = .seconds(3600)
        limits.handshakeTimeout = .milliseconds(20)
        plane.stop()
        let other = try self.plane(limits)
        defer { other.stop() }
        await #expect(throws: (any Error).self) { try await ask() }
    }
}
