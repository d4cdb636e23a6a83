internal import MeshAPI

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
}

extension MeshModel {
    /// What the workload's proxy enforces.
    public func inbound(of workload: Workload) -> InboundDecision {
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
                    servicePort: servicePort.number
                )
            }
        }
        for number in portsNamedByPolicy(workload) where ports[number] == nil {
            ports[number] = InboundDecision.Port(
                number: number,
                application: .auto,
                mode: serverMode(of: workload, port: number, claimedBy: nil),
                service: "",
                servicePort: 0
            )
        }
        return InboundDecision(
            ports: ports.values.sorted { $0.number < $1.number },
            otherMode: otherMode(of: workload),
            minimumVersion: config.meshMTLS?.minProtocolVersion == .tls13 ? .tls13 : .tls12,
            cipherSuites: (config.meshMTLS ?? TLSConfig()).usableWorkloadCipherSuites,
            sendsToLocalhost: config.inboundTrafficPolicy == .localhost
        )
    }

    private func portsNamedByPolicy(_ workload: Workload) -> [Int] {
        guard workload.namespace != config.rootNamespace,
            let modes = peerAuthentications[workload.namespace]?.policy(selecting: workload.labels)?.portLevelModes
        else { return [] }
        return modes.keys.filter { (1...65535).contains($0) }
    }
}
