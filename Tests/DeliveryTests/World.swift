import Base
import JSON
import Kubernetes
import TestKubernetes

/// Namespace `full` with the pods `sleep-1` and `httpbin-1`, both with sidecars and on this machine, the service httpbin,
/// and as many others that nobody calls.
enum World {
    static let serviceAddress = SocketAddress(IPAddress(ipv4: 0x0A60_0007), port: 8000)
    static let others = 50

    /// - Parameter endpoint: Where the sidecar of httpbin-1 accepts.
    static func api(endpoint: SocketAddress) -> InMemoryAPI {
        let api = InMemoryAPI.reviewingTokens()
        api.put(.namespaces, ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "full"]])
        api.put(.pods, pod("sleep", address: "127.0.0.5"))
        api.put(.pods, pod("httpbin", address: endpoint.ip.description))
        api.put(.services, service("httpbin", address: serviceAddress.ip.description))
        api.put(.endpointSlices, slice(endpoint))
        for number in 0..<others { api.put(.services, service("other\(number)", address: "10.96.1.\(number)")) }
        define(.peerAuthentications, in: api)
        return api
    }

    static func pod(_ app: String, address: String) -> JSON {
        [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "namespace": "full", "name": .string("\(app)-1"),
                "labels": ["app": .string(app), "security.istio.io/tlsMode": "istio"],
            ],
            "spec": ["serviceAccountName": .string(app), "containers": [["name": "istio-proxy"]]],
            "status": ["podIP": .string(address), "podIPs": [["ip": .string(address)]], "phase": "Running"],
        ]
    }

    static func service(_ name: String, address: String) -> JSON {
        [
            "apiVersion": "v1", "kind": "Service", "metadata": ["namespace": "full", "name": .string(name)],
            "spec": [
                "clusterIP": .string(address), "selector": ["app": .string(name)],
                "ports": [["name": "http", "port": 8000, "protocol": "TCP"]],
            ],
        ]
    }

    static func slice(_ endpoint: SocketAddress) -> JSON {
        [
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": [
                "namespace": "full", "name": "httpbin-1", "labels": ["kubernetes.io/service-name": "httpbin"],
            ],
            "endpoints": [
                [
                    "addresses": [.string(endpoint.ip.description)], "conditions": ["ready": true],
                    "targetRef": ["kind": "Pod", "name": "httpbin-1", "namespace": "full"],
                ]
            ],
            "ports": [["name": "http", "port": .int(Int64(endpoint.port)), "protocol": "TCP"]],
        ]
    }

    static func policy(_ mode: String) -> JSON {
        [
            "apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication",
            "metadata": ["namespace": "full", "name": "default"], "spec": ["mtls": ["mode": .string(mode)]],
        ]
    }

    private static func define(_ type: ResourceType, in api: InMemoryAPI) {
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
