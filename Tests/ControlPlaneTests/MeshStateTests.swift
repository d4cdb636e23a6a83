import Discovery
import Identity
import JSON
import Kubernetes
import Mesh
import MeshAPI
import TLS
import Testing

@testable import ControlPlane

/// The world of the tests: namespace `full` with `sleep` and `httpbin`, both with sidecars.
enum World {
    static func pod(_ name: String, app: String, address: String, sidecar: Bool = true) -> JSON {
        var labels: [String: String] = ["app": app]
        if sidecar { labels["security.istio.io/tlsMode"] = "istio" }
        return [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["namespace": "full", "name": .string(name), "labels": .strings(labels)],
            "spec": ["serviceAccountName": .string(app), "containers": [["name": "istio-proxy"]]],
            "status": ["podIP": .string(address), "podIPs": [["ip": .string(address)]], "phase": "Running"],
        ]
    }

    static let service: JSON = [
        "apiVersion": "v1", "kind": "Service", "metadata": ["namespace": "full", "name": "httpbin"],
        "spec": [
            "clusterIP": "10.96.0.7", "selector": ["app": "httpbin"],
            "ports": [["name": "http", "port": 8000, "targetPort": 80, "protocol": "TCP"]],
        ],
    ]

    static let slice: JSON = [
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": ["namespace": "full", "name": "httpbin-1", "labels": ["kubernetes.io/service-name": "httpbin"]],
        "endpoints": [
            [
                "addresses": ["10.244.0.7"], "conditions": ["ready": true],
                "targetRef": ["kind": "Pod", "name": "httpbin-1", "namespace": "full"],
            ]
        ],
        "ports": [["name": "http", "port": 80, "protocol": "TCP"]],
    ]

    static let objects: [JSON] = [
        ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "full"]],
        pod("sleep-1", app: "sleep", address: "10.244.0.5"), pod("httpbin-1", app: "httpbin", address: "10.244.0.7"),
        service, slice,
    ]

    static func policy(_ mode: String) -> JSON {
        [
            "apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication",
            "metadata": ["namespace": "full", "name": "default"], "spec": ["mtls": ["mode": .string(mode)]],
        ]
    }

    static func change(_ object: JSON) -> ObjectChange {
        ObjectChange(type: .pods, key: object.metadata.key, before: nil, after: object)
    }
}

/// A proxy's end, without a network.
struct FakeProxy {
    var session: ClientSession
    var applied: [ResourceName: Resource] = [:]
    let connected: ConnectedProxy
    let state: MeshState

    init(_ pod: String, in state: MeshState) {
        let account = pod.hasPrefix("httpbin") ? "httpbin" : "sleep"
        let node = NodeIdentity(address: "10.244.0.5", pod: pod, namespace: "full", version: "1")
        session = ClientSession(node: node)
        self.state = state
        connected = state.connect { number in
            ConnectedProxy(
                number: number,
                node: node,
                pod: ObjectKey(namespace: "full", name: pod),
                identity: SPIFFEID(trustDomain: "cluster.local", namespace: "full", serviceAccount: account),
                peer: "test",
                session: ServerSession()
            )
        }
        _ = connected.received(session.connected())
    }

    /// Takes what there is; returns the names that changed.
    @discardableResult
    mutating func settle() -> Set<ResourceName> {
        var names: Set<ResourceName> = []
        while case .response(let response) = state.nextResponse(for: connected) {
            guard case .update(let update) = session.received(response) else { return [] }
            names.formUnion(update.changed.keys)
            applied.merge(update.changed) { $1 }
            for name in update.removed { applied[name] = nil }
            _ = connected.received(session.accepted(update))
        }
        return names
    }

    mutating func subscribe(_ name: ResourceName) {
        if let request = session.subscribe(to: [name]) { _ = connected.received(request) }
    }

    func destination(_ name: String) -> Destination? {
        guard case .destination(let destination) = applied[.destination(name)] else { return nil }
        return destination
    }
}

@Suite struct MeshStateTests {
    private let address = ResourceName.address("10.96.0.7", port: 8000)
    private let host = ResourceName.host("httpbin.full", port: 8000)
    private let cluster = "outbound|8000||httpbin.full.svc.cluster.local"

    private func state() -> MeshState {
        let state = MeshState(clusterDomain: "cluster.local")
        state.set(roots: "ROOT\n")
        _ = state.apply(World.objects.map(World.change))
        return state
    }

    @Test func `a proxy gets what it begins with`() throws {
        var proxy = FakeProxy("httpbin-1", in: state())
        #expect(proxy.settle() == [.mesh, .inbound, .trust])
        guard case .inbound(let policy) = proxy.applied[.inbound] else { throw Missing() }
        #expect(policy.ports.map(\.number) == [80] && policy.ports.first?.mode == .permissive)
        #expect(policy.ports.first?.service == "httpbin.full.svc.cluster.local")
        guard case .trust(let trust) = proxy.applied[.trust] else { throw Missing() }
        #expect(trust.rootsPEM == "ROOT\n" && trust.trustDomains == ["cluster.local"])
    }

    @Test func `a policy reaches the server, and nothing else is sent`() throws {
        let state = state()
        var (server, client) = (FakeProxy("httpbin-1", in: state), FakeProxy("sleep-1", in: state))
        server.settle()
        client.settle()
        _ = state.apply([World.change(World.policy("STRICT"))])
        #expect(server.settle() == [.inbound])
        guard case .inbound(let policy) = server.applied[.inbound] else { throw Missing() }
        #expect(policy.ports.first?.mode == .strict)
        #expect(policy.ports.first?.reason == "PeerAuthentication full/default")
        #expect(server.connected.status.lastLatency != nil)
    }

    @Test func `a client learns route and destination of an address, and how to speak to each endpoint`() throws {
        let state = state()
        var client = FakeProxy("sleep-1", in: state)
        client.settle()
        client.subscribe(address)
        client.subscribe(host)
        client.settle()
        #expect(client.applied[address] == .address(.http(HTTPListener(port: 8000, allowsUnknownHosts: true))))
        #expect(client.applied[host] == .host(.destination(cluster, retries: RetryPolicy())))
        let destination = try #require(client.destination(cluster))
        #expect(destination.endpoints.map(\.tls) == [.configured])
        #expect(destination.tls?.serverName == "outbound_.8000_._.httpbin.full.svc.cluster.local")
        #expect(destination.tls?.subjectAlternativeNames == ["spiffe://cluster.local/ns/full/sa/httpbin"])
        _ = state.apply([World.change(World.policy("DISABLE"))])
        client.settle()
        #expect(client.destination(cluster)?.endpoints.map(\.tls) == [.plaintext])
    }

    @Test func `a rule that cannot be had is passed on as a refusal without endpoints`() throws {
        let state = state()
        var client = FakeProxy("sleep-1", in: state)
        client.subscribe(.destination(cluster))
        client.settle()
        _ = state.apply([
            World.change([
                "apiVersion": "networking.istio.io/v1alpha3", "kind": "DestinationRule",
                "metadata": ["namespace": "full", "name": "x"],
                "spec": [
                    "host": "httpbin", "trafficPolicy": ["tls": ["mode": "SIMPLE", "credentialName": "c"]],
                ],
            ])
        ])
        client.settle()
        let destination = try #require(client.destination(cluster))
        #expect(destination.refusal.contains("credentialName") && destination.endpoints.isEmpty)
    }

    @Test func `an unusable object leaves the last good version in force, and is told of once`() throws {
        let state = state()
        var server = FakeProxy("httpbin-1", in: state)
        _ = state.apply([World.change(World.policy("STRICT"))])
        server.settle()
        let verdicts = state.apply([World.change(World.policy("BLAH"))])
        #expect(verdicts.count == 1 && verdicts.first?.key.description == "PeerAuthentication full/default")
        #expect(server.settle() == [])
        let again = state.apply([World.change(World.policy("PERMISSIVE"))])
        #expect(again.count == 1 && again.values.first == .accepted)
        #expect(server.settle() == [.inbound])
    }

    @Test func `a pod that is not known gets nothing until it is`() {
        let state = state()
        var proxy = FakeProxy("late-1", in: state)
        #expect(proxy.settle() == [])
        _ = state.apply([World.change(World.pod("late-1", app: "sleep", address: "10.244.0.9"))])
        #expect(proxy.settle() == [.mesh, .inbound, .trust])
    }

    @Test func `a proxy with another service account than its pod gets nothing`() {
        let state = state()
        var proxy = FakeProxy("sleep-1", in: state)
        _ = state.apply([World.change(World.pod("sleep-1", app: "thief", address: "10.244.0.5"))])
        guard case .impostor("thief") = state.nextResponse(for: proxy.connected) else {
            Issue.record("the proxy was told something")
            return
        }
        #expect(proxy.settle() == [])
    }

    @Test func `new roots reach everybody`() throws {
        let state = state()
        var proxy = FakeProxy("sleep-1", in: state)
        proxy.settle()
        state.set(roots: "NEW\n")
        #expect(proxy.settle() == [.trust])
    }

    @Test func `the mesh's configuration reaches everybody`() throws {
        let state = state()
        var proxy = FakeProxy("sleep-1", in: state)
        proxy.settle()
        state.set(try Settings.mesh("accessLogFile: /dev/stdout\nmeshMTLS: {minProtocolVersion: TLSV1_3}"))
        #expect(proxy.settle() == [.mesh, .inbound])
        guard case .inbound(let policy) = proxy.applied[.inbound] else { throw Missing() }
        #expect(policy.minimumVersion == .tls13)
    }

    @Test func `a cached answer is the one that would be made anew`() throws {
        let state = state()
        var old = FakeProxy("sleep-1", in: state)
        old.subscribe(address)
        old.subscribe(host)
        old.subscribe(.destination(cluster))
        let changes: [JSON] = [
            World.policy("STRICT"), World.policy("DISABLE"),
            World.pod("httpbin-1", app: "httpbin", address: "10.244.0.7", sidecar: false), World.policy("PERMISSIVE"),
            World.pod("httpbin-1", app: "other", address: "10.244.0.7"),
        ]
        for object in changes {
            _ = state.apply([World.change(object)])
            old.settle()
            let resolver = ResourceResolver(model: state.model, roots: "ROOT\n")
            let workload = try #require(state.model.workloads[ObjectKey(namespace: "full", name: "sleep-1")])
            for name in old.applied.keys {
                #expect(old.session.versions[name] == resolver.resource(name, for: workload)?.version, "\(name)")
            }
        }
    }

    private struct Missing: Error {}
}
