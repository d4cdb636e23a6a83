import Discovery
import JSON
import Kubernetes
import Mesh
import TLS
import Testing

@testable import ControlPlane

/// What proxies get of Sidecars, of limits and of what a gateway believes.
@Suite struct SidecarResourceTests {
    private static func object(_ kind: String, _ spec: JSON) -> JSON {
        [
            "apiVersion": "networking.istio.io/v1", "kind": .string(kind),
            "metadata": ["name": "object", "namespace": "foo"], "spec": spec,
        ]
    }

    private static func pod(_ annotations: JSON = [:]) -> JSON {
        [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": "web", "namespace": "foo", "labels": ["app": "web"], "annotations": annotations],
            "spec": ["containers": [["name": "app"], ["name": "istio-proxy"]]], "status": ["podIP": "10.0.0.1"],
        ]
    }

    private static let service: JSON = [
        "apiVersion": "v1", "kind": "Service", "metadata": ["name": "web", "namespace": "foo"],
        "spec": ["clusterIP": "10.96.0.1", "selector": ["app": "web"], "ports": [["name": "http", "port": 80]]],
    ]

    private func resource(_ name: ResourceName, _ objects: JSON...) throws -> Resource {
        var model = MeshModel()
        for object in objects { _ = model.update(object) }
        let workload = try #require(model.workloads[ObjectKey(namespace: "foo", name: "web")])
        let view = workload.isGateway ? model.gatewayView(of: workload) : nil
        let encoded = ResourceResolver(model: model, roots: "").resource(name, for: workload, gateway: view)
        let found = try #require(encoded)
        return try #require(try Resource.decode(typeURL: found.typeURL, found.bytes))
    }

    @Test func `a Sidecar's listeners are what its workload accepts`() throws {
        let sidecar = Self.object(
            "Sidecar",
            [
                "ingress": [
                    [
                        "port": ["number": 80, "protocol": "GRPC-Web", "name": "a"],
                        "defaultEndpoint": "unix:///run/app.sock",
                    ],
                    [
                        "port": ["number": 81, "protocol": "TCP", "name": "b"], "captureMode": "NONE",
                        "defaultEndpoint": "127.0.0.1:8081",
                    ],
                ]
            ]
        )
        guard case .inbound(let policy) = try resource(.inbound, Self.pod(), Self.service, sidecar) else {
            Issue.record("no policy")
            return
        }
        #expect(policy.ports.map(\.target) == [.socket("/run/app.sock"), .loopback(8081, isIPv6: false)])
        #expect(policy.ports.map(\.translatesGRPCWeb) == [true, false])
        #expect(policy.listeners == [.init(address: "0.0.0.0", port: 81, isInbound: true)])
    }

    @Test func `a rule's limits, hashing and PROXY protocol reach the client`() throws {
        let rule = Self.object(
            "DestinationRule",
            [
                "host": "web",
                "trafficPolicy": [
                    "loadBalancer": ["consistentHash": ["httpHeaderName": "X-User", "maglev": ["tableSize": 251]]],
                    "connectionPool": [
                        "tcp": [
                            "idleTimeout": "1s", "maxConnectionDuration": "2s", "tcpKeepalive": ["interval": "3s"],
                        ],
                        "http": [
                            "http2MaxRequests": 4, "maxRetries": 5, "maxConcurrentStreams": 6, "idleTimeout": "7s",
                        ],
                    ],
                    "proxyProtocol": ["version": "V2"],
                ],
            ]
        )
        let name = ResourceName.destination("outbound|80||web.foo.svc.cluster.local")
        guard case .destination(let destination) = try resource(name, Self.pod(), Self.service, rule) else {
            Issue.record("no destination")
            return
        }
        #expect(destination.affinity?.key == .header("x-user") && destination.affinity?.tableSize == 251)
        #expect(destination.tcpIdleTimeout == .seconds(1) && destination.maxConnectionDuration == .seconds(2))
        #expect(destination.keepalive?.interval == .seconds(3) && destination.idleTimeout == .seconds(7))
        #expect((destination.maxRequests, destination.maxRetries, destination.maxStreams) == (4, 5, 6))
        #expect(destination.proxyProtocol == .version2)
    }

    @Test func `a gateway believes what its pod's annotation says`() throws {
        let annotations: JSON = [
            "inject.istio.io/templates": "gateway",
            "proxy.istio.io/config":
                "gatewayTopology: {numTrustedProxies: 1, forwardClientCertDetails: APPEND_FORWARD}",
        ]
        guard case .gateway(let gateway) = try resource(.gateway, Self.pod(annotations)) else {
            Issue.record("no gateway")
            return
        }
        #expect(gateway.trustedProxies == 1 && gateway.clientCertificateForwarding == .appended)
    }
}
