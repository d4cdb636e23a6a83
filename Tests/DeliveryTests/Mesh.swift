import Base
import GRPC
import Identity
import JSON
import Kubernetes
import TLS
import TestKubernetes

@testable import ControlPlane

/// A real control plane over an API in memory, with a relay between it and the proxies.
struct Mesh: Sendable {
    let api: InMemoryAPI
    let relay: Relay
    private let roots: String

    /// Runs `body` beside the control plane.
    ///
    /// - Parameter endpoint: Where the sidecar of httpbin-1 accepts.
    static func run(endpoint: SocketAddress, _ body: @escaping @Sendable (Mesh) async throws -> Void) async throws {
        let api = World.api(endpoint: endpoint)
        let ports = ["--secureGRPCAddr=:0", "--httpsAddr=:0", "--monitoringAddr=:0", "--httpAddr=:0"]
        let plane = ControlPlane(api: api, options: try Options(arguments: ["discovery"] + ports) { _ in nil })
        let (started, starting) = AsyncStream<ControlPlane.Addresses>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { starting.finish() }
                try await plane.run { starting.yield($0) }
            }
            for await addresses in started {
                let relay = try Relay(to: addresses.secure)
                group.addTask { await relay.run() }
                try await body(Mesh(api: api, relay: relay, roots: try await roots(api)))
                break
            }
            group.cancelAll()
            do {
                try await group.waitForAll()
            } catch let error as MeshError where error.code == .cancelled {
                return
            } catch is CancellationError {
                return
            }
        }
    }

    private static func roots(_ api: InMemoryAPI) async throws -> String {
        let secret = try await api.get(.secrets, namespace: "istio-system", name: "istio-ca-secret")
        return String(decoding: Base64.decode(secret["data", "ca-cert.pem"]?.string ?? "") ?? [], as: UTF8.self)
    }

    /// A connection as a proxy makes it.
    func connect() async throws -> GRPCClient {
        let verification = PeerVerification(trust: try TrustStore(pem: roots), names: .host)
        var configuration = TLSClientConfiguration(verification: verification)
        configuration.parameters.applicationProtocols = ["h2"]
        return try await GRPCClient.connect(
            host: "127.0.0.1",
            port: relay.port,
            tls: try TLSClientContext(configuration),
            serverName: "istiod.istio-system.svc"
        )
    }

    func certificate(of account: String) async throws -> WorkloadCertificate {
        let requester = CertificateRequester(connect: { try await connect() }, token: { account })
        return try await requester.obtain(
            SPIFFEID(trustDomain: "cluster.local", namespace: "full", serviceAccount: account)
        )
    }
}
