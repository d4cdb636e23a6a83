internal import Base
internal import JSON
public import Kubernetes

/// The Services by which pods find the cluster itself.
public struct ClusterServices: Sendable {
    private let api: any KubernetesAPI
    private let addresses: LabAddresses

    public init(_ api: any KubernetesAPI, addresses: LabAddresses = LabAddresses()) {
        self.api = api
        self.addresses = addresses
    }

    /// Makes `default/kubernetes` and `kube-system/kube-dns`, or brings them up to date.
    ///
    /// - Parameter serverPort: Where the API server listens on the node's address.
    public func ensure(serverPort: UInt16) async throws {
        try await ensure(
            ObjectKey(namespace: "default", name: "kubernetes"),
            address: addresses.serviceNetwork.next,
            labels: ["component": "apiserver", "provider": "kubernetes"],
            ports: [("https", "TCP", 443, serverPort)]
        )
        try await ensure(
            ObjectKey(namespace: "kube-system", name: "kube-dns"),
            address: addresses.dnsService,
            labels: ["k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"],
            ports: [("dns", "UDP", 53, 53), ("dns-tcp", "TCP", 53, 53)]
        )
    }

    private func ensure(
        _ key: ObjectKey,
        address: IPAddress,
        labels: [String: String],
        ports: [(name: String, transport: String, port: UInt16, target: UInt16)]
    ) async throws {
        let metadata: JSON = [
            "name": .string(key.name), "namespace": .string(key.namespace), "labels": .strings(labels),
        ]
        let service: JSON = [
            "apiVersion": "v1", "kind": "Service", "metadata": metadata,
            "spec": [
                "clusterIP": .string("\(address)"), "type": "ClusterIP",
                "ports": .array(
                    ports.map { name, transport, port, target in
                        [
                            "name": .string(name), "protocol": .string(transport), "port": .int(Int64(port)),
                            "targetPort": .int(Int64(target)),
                        ]
                    }
                ),
            ],
        ]
        let endpoints: JSON = [
            "apiVersion": "v1", "kind": "Endpoints", "metadata": metadata,
            "subsets": [
                [
                    "addresses": [["ip": .string("\(addresses.node)")]],
                    "ports": .array(
                        ports.map { name, transport, _, target in
                            ["name": .string(name), "protocol": .string(transport), "port": .int(Int64(target))]
                        }
                    ),
                ]
            ],
        ]
        try await put(.services, service, replaces: false)
        try await put(.endpoints, endpoints, replaces: true)
    }

    private func put(_ type: ResourceType, _ object: JSON, replaces: Bool) async throws {
        let namespace = object.metadata.namespace
        do {
            _ = try await api.create(type, namespace: namespace, object)
        } catch let error as StatusError where error.alreadyExists {
            if replaces { _ = try await api.update(type, namespace: namespace, subresource: nil, object) }
        }
    }
}
