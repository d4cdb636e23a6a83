import Base
import Discovery
import Network
import TLS
import TestTLS
import Testing

@testable import Proxy

@Suite(.timeLimit(.minutes(2))) struct HandshakeLimitTests {
    enum Role: CaseIterable { case sidecar, gateway }

    /// What a sidecar's handshake begins with.
    static func beginning() async throws -> [UInt8] {
        let listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0))
        var configuration = TLSClientConfiguration(verification: PeerVerification(trust: .none, names: .any))
        configuration.parameters.applicationProtocols = ["istio"]
        let context = try TLSClientContext(configuration)
        async let client = try? AsyncConnection.connect(to: listener.address, tls: context)
        let server = try await listener.accept()
        let octets = try await server.read()
        server.close()
        _ = await client
        return octets
    }

    static func tables(_ role: Role, _ place: SocketAddress) throws -> ProxyTables {
        let authority = try TestAuthority()
        let credentials = try Credentials(
            identity: authority.identity(uri: "spiffe://cluster.local/ns/full/sa/httpbin"),
            trust: authority.trust,
            trustDomains: ["cluster.local"],
            inbound: nil
        )
        var content = ProxyTables.Content()
        switch role {
        case .sidecar:
            var policy = InboundPolicy()
            policy.otherMode = .strict
            content.inbound = policy
        case .gateway:
            let chain = GatewayListener.Chain(.terminate(ServerTLS(.workload)), .http(routes: "none"))
            content.gateway = GatewayConfiguration()
            content.gateway?.listeners = [
                GatewayListener(address: place.ip.description, port: place.port, chains: [chain])
            ]
        }
        return ProxyTables(content, credentials: credentials, routing: .empty)
    }

    /// A data plane that takes connections for ones to port 80.
    static func plane(_ role: Role, at place: SocketAddress, _ limit: Duration) throws -> DataPlane {
        var limits = WorkerLimits()
        limits.handshakeTimeout = limit
        var addresses = DataPlane.Addresses(outbound: SocketAddress(.loopback, port: 0), inbound: place)
        addresses.inboundFallback = SocketAddress(.loopback, port: 80)
        return try DataPlane(
            workers: 1,
            addresses: role == .sidecar ? addresses : nil,
            limits: limits,
            tables: tables(role, place)
        )
    }

    @Test(arguments: Role.allCases)
    func `a client that falls silent in the handshake is closed after the limit, and not before`(
        role: Role
    ) async throws {
        let (first, second) = (try ReservedPort("127.0.0.1"), try ReservedPort("127.0.0.1"))
        let hasty = try Self.plane(role, at: first.address, .milliseconds(20))
        let patient = try Self.plane(role, at: second.address, .seconds(3600))
        defer {
            hasty.stop()
            patient.stop()
        }
        let beginning = try await Self.beginning()
        let waiting = try await AsyncConnection.connect(to: second.address)
        try await waiting.write(beginning)
        try await eventually("the hasty one has lost its patience in a handshake") {
            // A gateway may lose it before the first octet.
            guard let silent = try? await AsyncConnection.connect(to: first.address) else { return false }
            try? await silent.write(beginning)
            while let octets = try? await silent.read(), !octets.isEmpty {}
            return await hasty.collect().metrics.handshakesFailed > 0
        }
        let counted = await patient.collect()
        #expect(counted.connections == 1 && counted.metrics.handshakesFailed == 0 && !waiting.isOver)
    }
}
