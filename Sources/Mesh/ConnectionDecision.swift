internal import Kubernetes
internal import MeshAPI

/// What happens when one workload connects to one endpoint of a service.
public struct ConnectionDecision: Hashable, Sendable {
    /// What can be read on the network.
    public enum Wire: String, Hashable, Sendable {
        /// Both sides showed certificates of the mesh.
        case mutualTLS = "mTLS"
        /// TLS as a rule configured it, which ends at the application.
        case tls = "TLS"
        case plaintext = "plaintext"
    }

    /// What is, or would be, sent.
    public var wire: Wire
    /// What the client sees instead of an answer; nil when the connection works.
    public var failure: String?
    /// The client's identity as the server sees it; nil when it sees none.
    public var identity: String?
    /// Why the client sends what it sends.
    public var clientReason: String
    /// Why the server accepts what it accepts.
    public var serverReason: String
    /// The pod at the other end; nil when no endpoint is reached, or it is no pod.
    public var server: Workload?

    public var works: Bool { failure == nil }

    /// Both reasons in one line.
    public var reason: String {
        serverReason.isEmpty ? clientReason : "\(clientReason); server: \(serverReason)"
    }
}

extension MeshModel {
    /// The name in a workload's certificate.
    public func identity(of workload: Workload) -> String {
        "spiffe://\(config.trustDomain)/ns/\(workload.namespace)/sa/\(workload.serviceAccount)"
    }

    /// What happens when `client` connects to a service's port: one decision for each endpoint, or a single one when there is
    /// none; empty when there is no such service or port.
    public func connections(from client: Workload, to name: DestinationName) -> [ConnectionDecision] {
        guard let service = services[name.host], let port = service.port(name.port), port.spoken != .udp else {
            return []
        }
        guard client.hasSidecar else {
            let backends = backends(of: service, port: port, subset: nil)
            if backends.isEmpty { return [Self.unreachable("connection refused", "no sidecar", "no endpoints")] }
            return backends.map { plaintextWithoutSidecar($0.workload, $0.port) }
        }
        guard let destination = destination(name, for: Client(client)) else { return [] }
        if let refusal = destination.refusal { return [Self.unreachable("503", refusal, "")] }
        if destination.endpoints.isEmpty { return [Self.unreachable("503 UH", destination.reason, "no endpoints")] }
        return destination.endpoints.map { connection(from: client, to: $0, of: destination) }
    }

    private static func unreachable(_ failure: String, _ client: String, _ server: String) -> ConnectionDecision {
        ConnectionDecision(wire: .plaintext, failure: failure, clientReason: client, serverReason: server)
    }

    /// A client without a sidecar sends what its application sends.
    private func plaintextWithoutSidecar(_ server: Workload?, _ port: Int) -> ConnectionDecision {
        let (outcome, reason) = outcome(of: .plaintext, at: server, port)
        return ConnectionDecision(
            wire: .plaintext,
            failure: outcome?.isAccepted ?? true ? nil : "connection reset",
            clientReason: "no sidecar at the client",
            serverReason: reason,
            server: server
        )
    }

    private func connection(
        from client: Workload,
        to endpoint: DestinationDecision.Endpoint,
        of destination: DestinationDecision
    ) -> ConnectionDecision {
        var wire = ConnectionDecision.Wire.plaintext
        if endpoint.isEncrypted { wire = destination.tls?.credential == .workload ? .mutualTLS : .tls }
        let (outcome, serverReason) = outcome(of: wire, at: endpoint.workload, endpoint.port)
        var decision = ConnectionDecision(
            wire: wire,
            clientReason: endpoint.reason,
            serverReason: serverReason,
            server: endpoint.workload
        )
        switch wire {
        case .plaintext: if outcome?.isAccepted == false { decision.failure = "503 UC" }
        case .tls: if outcome?.isAccepted == false { decision.failure = "503 UF" }
        case .mutualTLS:
            if outcome != .terminated {
                decision.failure = "503 UF"
            } else if let server = endpoint.workload, let tls = destination.tls, !accepts(server, tls) {
                decision.failure = "503 UF"
                decision.serverReason = "its identity \(identity(of: server)) is none that the client expects"
            } else {
                decision.identity = identity(of: client)
            }
        }
        return decision
    }

    private func accepts(_ server: Workload, _ tls: TLSDecision) -> Bool {
        tls.subjectAltNames.isEmpty || tls.subjectAltNames.contains(identity(of: server))
    }

    /// What the server's proxy does with such bytes, on the assumption that the application sends what the port declares;
    /// nil when there is no proxy.
    private func outcome(of wire: ConnectionDecision.Wire, at server: Workload?, _ port: Int) -> (
        InboundOutcome?, String
    ) {
        guard let server, server.hasSidecar else { return (nil, "no sidecar") }
        // No PeerAuthentication is for a gateway's servers.
        if server.isGateway, wire != .mutualTLS { return (nil, "its Gateways") }
        let claim = claim(on: port, of: server, by: services(selecting: server))
        let mode = serverMode(of: server, port: port, claimedBy: hasLegacyPolicies ? claim : nil)
        let application = application(of: server, port: port)
        let bytes: InboundBytes =
            switch wire {
            case .mutualTLS: application == .tcp ? .meshTCP : .meshHTTP
            case .tls: .applicationTLS
            case .plaintext: application == .tcp ? .plainTCP : .plainHTTP
            }
        let outcome = InboundOutcome(of: bytes, application: application, mode: mode.mode)
        return (outcome, "\(mode.mode.rawValue) by \(mode.reason)")
    }
}
