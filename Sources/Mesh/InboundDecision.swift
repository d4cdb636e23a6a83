public import MeshAPI

/// What one workload accepts from whom.
public struct InboundDecision: Hashable, Sendable {
    public enum TLSVersion: Hashable, Sendable { case tls12, tls13 }

    public struct Port: Hashable, Sendable {
        /// The port the workload listens on.
        public var number: Int
        public var application: Application
        public var mode: ModeDecision
        /// The service that declares it, the oldest if several do; empty when none does.
        public var service: String
        public var servicePort: Int
        /// Whether calls of gRPC-Web are translated to gRPC.
        public var translatesGRPCWeb = false
        /// Where the application is reached; nil for where the client connected to.
        public var endpoint: Sidecar.Endpoint?
    }

    /// A place where the proxy listens itself, and nothing is redirected to it (Sidecar listeners, `captureMode: NONE`).
    public struct Listener: Hashable, Sendable {
        public var address: String
        public var port: Int
        /// Whether what comes is for the application, rather than from it.
        public var isInbound: Bool
    }

    /// Declared ports, and those that a policy names, in the order of their numbers.
    public var ports: [Port]
    /// What holds for all others.
    public var otherMode: ModeDecision
    public var minimumVersion: TLSVersion
    /// TLS 1.2 suites by OpenSSL's names, in order; never empty.
    public var cipherSuites: [String]
    /// Where connections to the pod's address go: to it, or to 127.0.0.1.
    public var sendsToLocalhost: Bool
    /// In the order of their ports.
    public var listeners: [Listener] = []
    /// The Sidecar that says what the ports are, in place of Services; nil when none does.
    public var sidecar: ObjectReference?
}

extension MeshModel {
    /// What the workload's proxy enforces.
    public func inbound(of workload: Workload) -> InboundDecision {
        let sidecar = sidecar(for: Client(workload))
        let listeners = sidecar?.ingress ?? []
        var ports = listeners.isEmpty ? portsOfServices(workload) : ports(of: listeners, workload)
        for number in portsNamedByPolicy(workload) where ports[number] == nil {
            ports[number] = InboundDecision.Port(
                number: number,
                application: .auto,
                mode: serverMode(of: workload, port: number, claimedBy: nil),
                service: "",
                servicePort: 0
            )
        }
        var decision = InboundDecision(
            ports: ports.values.sorted { $0.number < $1.number },
            otherMode: otherMode(of: workload),
            minimumVersion: config.meshMTLS?.minProtocolVersion == .tls13 ? .tls13 : .tls12,
            cipherSuites: (config.meshMTLS ?? TLSConfig()).usableWorkloadCipherSuites,
            sendsToLocalhost: config.inboundTrafficPolicy == .localhost
        )
        if let sidecar {
            decision.listeners = Self.listeners(of: sidecar)
            if !listeners.isEmpty { decision.sidecar = ObjectReference("Sidecar", sidecar.metadata.key) }
        }
        return decision
    }

    /// How the bytes of a workload's port are read.
    func application(of workload: Workload, port: Int) -> Application {
        inbound(of: workload).ports.first { $0.number == port }?.application ?? .auto
    }

    private func portsOfServices(_ workload: Workload) -> [Int: InboundDecision.Port] {
        var ports: [Int: InboundDecision.Port] = [:]
        for service in services(selecting: workload) {
            for servicePort in service.ports where servicePort.spoken != .udp {
                guard let number = workload.number(of: servicePort.target), ports[number] == nil else { continue }
                let claim = Claim(service: service, port: servicePort)
                ports[number] = InboundDecision.Port(
                    number: number,
                    application: servicePort.spoken.application,
                    mode: serverMode(of: workload, port: number, claimedBy: claim),
                    service: service.host,
                    servicePort: servicePort.number,
                    translatesGRPCWeb: servicePort.spoken == .grpcWeb
                )
            }
        }
        return ports
    }

    /// What a Sidecar says of its workload's ports; Services only give them names.
    private func ports(of listeners: [Sidecar.Ingress], _ workload: Workload) -> [Int: InboundDecision.Port] {
        var ports: [Int: InboundDecision.Port] = [:]
        let services = services(selecting: workload)
        for listener in listeners {
            guard let port = listener.port, ports[port.number] == nil else { continue }
            let claim = claim(on: port.number, of: workload, by: services)
            ports[port.number] = InboundDecision.Port(
                number: port.number,
                application: PortProtocol(named: port.protocolName).application,
                mode: serverMode(of: workload, port: port.number, claimedBy: claim),
                service: claim?.service.host ?? "",
                servicePort: claim?.port.number ?? 0,
                translatesGRPCWeb: PortProtocol(named: port.protocolName) == .grpcWeb,
                endpoint: listener.endpoint
            )
        }
        return ports
    }

    private static func listeners(of sidecar: Sidecar) -> [InboundDecision.Listener] {
        let inbound = sidecar.ingress.compactMap { listener -> InboundDecision.Listener? in
            guard listener.captureMode == .none, listener.endpoint != nil, let port = listener.port else { return nil }
            let address = listener.bind.isEmpty ? "0.0.0.0" : listener.bind
            return InboundDecision.Listener(address: address, port: port.number, isInbound: true)
        }
        let outbound = sidecar.egress.compactMap { listener -> InboundDecision.Listener? in
            guard listener.captureMode == .none, let address = listener.place, let port = listener.port,
                !address.hasPrefix("unix://")
            else { return nil }
            return InboundDecision.Listener(address: address, port: port.number, isInbound: false)
        }
        return (inbound + outbound).sorted { ($0.port, $0.address) < ($1.port, $1.address) }
    }

    private func portsNamedByPolicy(_ workload: Workload) -> [Int] {
        guard workload.namespace != config.rootNamespace,
            let modes = peerAuthentications[workload.namespace]?.policy(selecting: workload.labels)?.portLevelModes
        else { return [] }
        return modes.keys.filter { (1...65535).contains($0) }
    }
}
