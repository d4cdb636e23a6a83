internal import Base
internal import GRPC
internal import HTTP
internal import TLS

/// How the agent reaches the control plane and says who it is.
struct ControlPlaneConnection: Sendable {
    let settings: AgentSettings
    let state: ProxyState

    /// Opens a connection, verified by the mesh's roots, with the workload's certificate once there is one.
    func connect(_ address: HostPort) async throws -> GRPCClient {
        var configuration = TLSClientConfiguration(verification: PeerVerification(trust: try trust(), names: .host))
        if let identity = state.identity, identity.leaf.notAfter > .now { configuration.identity = identity }
        let context = try TLSClientContext(configuration)
        do {
            return try await GRPCClient.connect(
                host: address.host,
                port: address.port,
                tls: context,
                serverName: address.host
            )
        } catch {
            throw GRPCStatus(error.code, "control plane \(address): \(error.message)")
        }
    }

    /// Roots from the mounted ConfigMap, read each time as they may have been replaced; and those already received.
    private func trust() throws -> TrustStore {
        let mounted: String
        do {
            mounted = try Files.readText(settings.rootFile)
        } catch {
            guard !state.rootsPEM.isEmpty else {
                throw MeshError(
                    .invalidConfiguration,
                    "cannot read the mesh's root certificates from \(settings.rootFile);"
                        + " is the ConfigMap istio-ca-root-cert in the pod's namespace?",
                    cause: error
                )
            }
            return try TrustStore(pem: state.rootsPEM)
        }
        return try TrustStore(pem: mounted + "\n" + state.rootsPEM)
    }

    /// The service account's token, read each time because the kubelet replaces it; nil when there is none.
    var token: String? {
        guard let text = try? Files.readText(settings.tokenFile) else { return nil }
        let token = text.filter { !$0.isWhitespace }
        return token.isEmpty ? nil : token
    }

    /// What the discovery stream says of the caller besides its certificate.
    var metadata: HTTPFields {
        var fields: HTTPFields = ["clusterid": settings.clusterID]
        if let token { fields.append("authorization", "Bearer \(token)") }
        return fields
    }
}
