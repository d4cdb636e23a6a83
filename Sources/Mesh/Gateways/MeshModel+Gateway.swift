public import Kubernetes
public import MeshAPI

// What gateway proxies do: which Gateways are theirs, and on which ports.
extension MeshModel {
    /// The Gateways that speak for the pod, the one that counts first at the front.
    ///
    /// - Parameter workload: A pod with a gateway proxy: a Gateway without selector is for every one.
    public func gateways(selecting workload: Workload) -> [ObjectKey] { matching(workload).map(\.metadata.key) }

    /// The labels that each Gateway of the mesh wants of a pod; empty for any.
    public var gatewaySelectors: [ObjectKey: [String: String]] {
        Dictionary(uniqueKeysWithValues: gateways.all.map { ($0.metadata.key, $0.selector?.matchLabels ?? [:]) })
    }

    /// A server by its port's name.
    public func gatewayServer(_ gateway: ObjectKey, named name: String) -> Gateway.Server? {
        gateways[gateway]?.servers.first { $0.port?.name == name }
    }

    /// The pods with gateway proxies, by name.
    public var gatewayWorkloads: [Workload] {
        workloads.values.filter { $0.isGateway && !$0.isFinished }.sorted { $0.key < $1.key }
    }

    private func matching(_ workload: Workload) -> [Gateway] {
        gateways.all.filter { gateway in
            guard gateway.selector?.matches(workload.labels) ?? true else { return false }
            return !scopesGatewaysToNamespace || gateway.metadata.namespace == workload.namespace
        }
    }

    /// The mesh as the gateway proxy of a pod sees it.
    public func gatewayView(of workload: Workload) -> GatewayView {
        let services = services(selecting: workload).filter {
            $0.metadata.labels["experimental.istio.io/disable-gateway-port-translation"] == nil
        }
        var targets: [Int: Int] = [:]
        let servers = matching(workload).flatMap { gateway in
            gateway.servers.enumerated().compactMap { index, server -> GatewayServer? in
                guard let number = server.port?.number else { return nil }
                let port = targets[number] ?? Self.target(of: number, services, workload)
                targets[number] = port
                return GatewayServer(server, index, of: gateway.metadata, on: port)
            }
        }
        return GatewayView(model: self, workload: workload, servers: servers)
    }

    /// Where a pod listens that means a port of its services; the port itself when none has it.
    private static func target(of number: Int, _ services: [Service], _ workload: Workload) -> Int {
        for service in services {
            if let port = service.port(number), let target = workload.number(of: port.target) { return target }
        }
        return number
    }

    /// What a gateway does with an endpoint to which it passes TLS of the mesh on: no TLS of its own, and only endpoints
    /// that speak it.
    public func passthroughDestination(_ name: DestinationName, for client: Client) -> DestinationDecision? {
        guard var decision = destination(name, for: client) else { return nil }
        let speaks = decision.refusal == nil && decision.tls?.credential == .workload
        decision.endpoints = speaks ? decision.endpoints.filter(\.isEncrypted) : []
        for index in decision.endpoints.indices { decision.endpoints[index].isEncrypted = false }
        decision.tls = nil
        decision.encryptsUnlisted = false
        decision.usesOriginalDestination = false
        decision.application = .tcp
        return decision
    }

    mutating func set(_ gateway: Gateway) -> Impact {
        gateways.insert(gateway)
        noteShortcomings(boundTo: gateway.metadata.key)
        return gatewayImpact
    }

    mutating func removeGateway(_ key: ObjectKey) -> Impact {
        gateways.remove(key)
        noteShortcomings(boundTo: key)
        return gatewayImpact
    }

    private var gatewayImpact: Impact {
        var impact = Impact()
        impact.servers = true
        return impact
    }
}
