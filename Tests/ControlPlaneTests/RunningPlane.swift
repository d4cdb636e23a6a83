import Base
import Discovery
import GRPC
import HTTP
import Identity
import JSON
import Kubernetes
import Network
import Synchronization
import TLS
import TestKubernetes
import Testing

@testable import ControlPlane

/// A whole control plane over an API in memory, on ports of its own.
struct RunningPlane {
    let api: InMemoryAPI
    let addresses: ControlPlane.Addresses
    let roots: String

    /// Runs `body` beside a control plane that knows ``World``.
    static func run(
        over api: InMemoryAPI = World.api(),
        _ body: @escaping @Sendable (RunningPlane) async throws -> Void
    ) async throws {
        let ports = ["--secureGRPCAddr=:0", "--httpsAddr=:0", "--monitoringAddr=:0", "--httpAddr=:0"]
        let options = try Options(arguments: ["discovery"] + ports) { _ in nil }
        let plane = ControlPlane(api: api, options: options)
        let (started, starting) = AsyncStream<ControlPlane.Addresses>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { starting.finish() }
                try await plane.run { starting.yield($0) }
            }
            var addresses: ControlPlane.Addresses?
            for await address in started {
                addresses = address
                break
            }
            if let addresses {
                try await body(RunningPlane(api: api, addresses: addresses, roots: try await roots(api)))
                group.cancelAll()
            }
            do {
                try await group.waitForAll()
            } catch let error as MeshError where error.code == .cancelled {
                return
            } catch is CancellationError {
                return
            }
        }
    }

    /// What a pod finds in its namespace's ConfigMap.
    private static func roots(_ api: InMemoryAPI) async throws -> String {
        let (name, key) =
            (try? await api.get(.secrets, namespace: "istio-system", name: "cacerts")) == nil
            ? ("istio-ca-secret", "ca-cert.pem") : ("cacerts", "root-cert.pem")
        let secret = try await api.get(.secrets, namespace: "istio-system", name: name)
        return String(decoding: Base64.decode(secret["data", key]?.string ?? "") ?? [], as: UTF8.self)
    }

    /// Who issued the certificate that the control plane shows to new connections.
    func issuer() async throws -> String {
        let verification = PeerVerification(trust: try TrustStore(pem: roots), names: .host)
        let connection = try await AsyncConnection.connect(
            host: "127.0.0.1",
            port: addresses.secure.port,
            tls: try TLSClientContext(TLSClientConfiguration(verification: verification)),
            serverName: "istiod.istio-system.svc"
        )
        defer { connection.close() }
        return connection.tls?.peerCertificate?.issuer ?? ""
    }

    /// A connection as a pod makes it.
    func connect(identity: TLSIdentity? = nil) async throws -> GRPCClient {
        let verification = PeerVerification(trust: try TrustStore(pem: roots), names: .host)
        var configuration = TLSClientConfiguration(verification: verification)
        configuration.identity = identity
        configuration.parameters.applicationProtocols = ["h2"]
        return try await GRPCClient.connect(
            host: "127.0.0.1",
            port: addresses.secure.port,
            tls: try TLSClientContext(configuration),
            serverName: "istiod.istio-system.svc"
        )
    }

    func certificate(token: String?) async throws -> WorkloadCertificate {
        let requester = CertificateRequester(connect: { try await connect() }, token: { token })
        return try await requester.obtain(
            SPIFFEID(trustDomain: "cluster.local", namespace: "evil", serviceAccount: "root")
        )
    }

    func page(_ path: String) async throws -> (status: Int, body: String) {
        let client = HTTPClient(host: "127.0.0.1", port: addresses.monitoring.port)
        let response = try await client.send(HTTPRequestHead("GET", path))
        return (response.head.status, String(decoding: try await response.collectBody(), as: UTF8.self))
    }
}

extension World {
    /// The world, with an API server that knows the token of each service account: its name.
    static func api() -> InMemoryAPI {
        let api = InMemoryAPI.reviewingTokens(of: ["sleep", "httpbin"])
        let types: [String: ResourceType] = [
            "Namespace": .namespaces, "Pod": .pods, "Service": .services, "EndpointSlice": .endpointSlices,
        ]
        for object in objects { if let type = types[object.kind] { api.put(type, object) } }
        define(.peerAuthentications, in: api)
        return api
    }

    static func define(_ type: ResourceType, in api: InMemoryAPI) {
        api.put(
            .customResourceDefinitions,
            [
                "metadata": ["name": .string("\(type)")],
                "spec": ["group": .string(type.group), "versions": [["name": .string(type.version), "served": true]]],
                "status": ["conditions": [["type": "Established", "status": "True"]]],
            ]
        )
    }
}
