import Discovery
import Identity
import JSON
import Kubernetes
import Mesh
import MeshAPI
import TLS
import Testing

@testable import ControlPlane

/// What gateways' proxies get, and what is said of the Gateways.
@Suite struct GatewayResourceTests {
    private static let pod: JSON = [
        "apiVersion": "v1", "kind": "Pod",
        "metadata": [
            "name": "ingress", "namespace": "istio-system", "labels": ["istio": "ingressgateway"],
            "annotations": ["inject.istio.io/templates": "gateway"],
        ],
        "spec": ["containers": [["name": "istio-proxy"]]], "status": ["podIP": "10.0.0.1"],
    ]

    private static func gateway(_ name: String, selector: String = "ingressgateway", _ servers: JSON...) -> JSON {
        [
            "apiVersion": "networking.istio.io/v1", "kind": "Gateway",
            "metadata": ["name": .string(name), "namespace": "foo"],
            "spec": ["selector": ["istio": .string(selector)], "servers": .array(servers)],
        ]
    }

    private static func https(_ host: String, _ tls: JSON = ["mode": "SIMPLE", "credentialName": "web"]) -> JSON {
        [
            "hosts": [.string(host)], "port": ["number": 8443, "name": "https", "protocol": "HTTPS"], "tls": tls,
        ]
    }

    private static let virtualService: JSON = [
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": ["name": "vs", "namespace": "foo"],
        "spec": [
            "hosts": ["a.com"], "gateways": ["gw"],
            "http": [["route": [["destination": ["host": "web", "port": ["number": 8000]]]]]],
        ],
    ]

    private func model(_ objects: JSON...) -> MeshModel {
        var model = MeshModel()
        for object in objects { _ = model.update(object) }
        return model
    }

    private func workload(_ model: MeshModel) throws -> Workload {
        try #require(model.workloads[ObjectKey(namespace: "istio-system", name: "ingress")])
    }

    @Test func `a server becomes a chain with its TLS and its table of routes`() throws {
        let model = model(
            Self.pod,
            Self.gateway(
                "gw",
                Self.https("a.com", ["mode": "MUTUAL", "credentialName": "web", "minProtocolVersion": "TLSV1_3"])
            ),
            Self.virtualService
        )
        let view = model.gatewayView(of: try workload(model))
        let resolver = ResourceResolver(model: model, roots: "")
        let listener = try #require(resolver.gateway(view).listeners.first)
        #expect(listener.address == "0.0.0.0")
        #expect(listener.port == 8443)
        let chain = try #require(listener.chains.first)
        #expect(chain.serverNames == ["a.com"])
        #expect(chain.origin == "Gateway foo/gw server https")
        #expect(chain.content == .http(routes: "https.8443.https.gw.foo"))
        guard case .terminate(let tls) = chain.transport else { throw MissingTLS() }
        #expect(tls.certificates == .credentials(["kubernetes://web"]))
        #expect(tls.roots == .credential("kubernetes://web-cacert"))
        #expect(tls.clientCertificate == .required)
        #expect(tls.minimumVersion == .tls13)
        let table = try #require(resolver.routes("https.8443.https.gw.foo", view))
        #expect(table.serverHosts == ["a.com"])
        #expect(table.virtualHosts.map(\.domains) == [["a.com"]])
        #expect(table.virtualHosts.first?.routes.first?.origin == "VirtualService foo/vs")
        #expect(resolver.routes("https.8443.https.gw.bar", view) == nil)
    }
    private struct MissingTLS: Error {}

    @Test func `a sidecar is a gateway for nothing`() throws {
        let model = model(Self.pod, Self.gateway("gw", Self.https("a.com")))
        let resolver = ResourceResolver(model: model, roots: "")
        #expect(resolver.resource(.gateway, for: try workload(model)) == nil)
        #expect(resolver.resource(.routes("http.80"), for: try workload(model)) == nil)
    }

    @Test func `TLS that is passed on gets a destination that adds none`() throws {
        let model = model(Self.pod)
        let resolver = ResourceResolver(model: model, roots: "")
        #expect(resolver.resource(.destination("outbound_.80_._.gone.foo"), for: try workload(model)) == nil)
        #expect(resolver.resource(.destination("nonsense"), for: try workload(model)) == nil)
    }

    // What is kept

    @Test func `a policy leaves what a gateway was told, a route and a gateway do not`() throws {
        var model = model(Self.pod, Self.gateway("gw", Self.https("a.com")), Self.virtualService)
        let workload = try workload(model)
        var cache = ResourceCache()
        var made = 0
        func ask(_ name: ResourceName) {
            let view = cache.gateway(of: workload, in: model)
            let resolver = ResourceResolver(model: model, roots: "")
            _ = cache.resource(name, for: workload) {
                made += 1
                return resolver.resource(name, for: workload, gateway: view)
            }
        }
        let names = [ResourceName.gateway, .routes("https.8443.https.gw.foo")]
        func costs(_ change: JSON) -> Int {
            cache.forget(model.update(change), in: model)
            made = 0
            for name in names { ask(name) }
            return made
        }
        for name in names { ask(name) }
        #expect(made == 2)
        let policy: JSON = [
            "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
            "metadata": ["name": "p", "namespace": "foo"], "spec": ["mtls": ["mode": "STRICT"]],
        ]
        #expect(costs(policy) == 0)
        var route = Self.virtualService
        route["spec", "hosts"] = ["b.com"]
        #expect(costs(route) == 2)
        route["metadata", "name"] = "other"
        route["spec", "gateways"] = ["another"]
        #expect(costs(route) == 0)
        #expect(costs(Self.gateway("second", Self.https("c.com"))) == 2)
    }

    // What is said

    private func verdicts(
        _ model: MeshModel,
        problems: [String: String] = [:],
        servers: [String: String] = [:]
    ) throws -> [String: Verdict] {
        var judgement = GatewayJudgement()
        let workload = try workload(model)
        judgement.add(model.gatewayView(of: workload).decision(in: model), of: workload.key)
        judgement.credentialProblems = [workload.key: problems]
        judgement.serverProblems = [workload.key: servers]
        return Dictionary(uniqueKeysWithValues: judgement.verdicts(in: model).map { ($0.key.key.name, $0.value) })
    }

    @Test func `a gateway is accepted when all of it is open`() throws {
        let model = model(Self.pod, Self.gateway("gw", Self.https("a.com")))
        #expect(try verdicts(model) == ["gw": .accepted])
    }

    @Test func `a server that is dropped is told with the one that is in its way`() throws {
        let model = model(
            Self.pod,
            Self.gateway("a", Self.https("a.com")),
            Self.gateway("b", Self.https("a.com"))
        )
        #expect(
            try verdicts(model) == [
                "a": .accepted,
                "b": .partly(
                    "server https: host a.com is already served on port 8443 by Gateway foo/a server https"
                ),
            ]
        )
    }

    @Test func `very many servers that are dropped fit into a condition`() throws {
        var model = model(Self.pod, Self.gateway("a", Self.https("a.com")))
        var gateway = Self.gateway("b")
        gateway["spec", "servers"] = .array(
            (0..<2000).map { index in
                [
                    "hosts": ["a.com"],
                    "port": ["number": 8443, "name": .string("https-\(index)"), "protocol": "HTTPS"],
                    "tls": ["mode": "SIMPLE", "credentialName": "web"],
                ]
            }
        )
        _ = model.update(gateway)
        guard case .partly(let problem)? = try verdicts(model)["b"] else {
            Issue.record("nothing is told")
            return
        }
        #expect((10_000..<16_384).contains(problem.utf8.count))
        let told = problem.split(separator: "; ").count - 1
        #expect(problem.hasSuffix("by Gateway foo/a server https; ... and \(2000 - told) more"))
    }

    @Test func `a selector that no gateway has is told`() throws {
        let model = model(Self.pod, Self.gateway("gw", selector: "egressgateway", Self.https("a.com")))
        #expect(
            try verdicts(model) == [
                "gw": .partly(
                    "no pod with a gateway proxy has istio=egressgateway, so that nothing listens: install a gateway, or "
                        + "correct spec.selector"
                )
            ]
        )
    }

    @Test func `a secret that cannot be had is told on the gateways that want it`() throws {
        let model = model(
            Self.pod,
            Self.gateway("gw", Self.https("a.com")),
            Self.gateway("fine", Self.https("b.com", ["mode": "SIMPLE", "credentialName": "other"]))
        )
        let problem = "secret istio-system/web not found"
        #expect(
            try verdicts(model, problems: ["kubernetes://web": problem]) == [
                "gw": .partly("server https: its connections fail, as \(problem)"), "fine": .accepted,
            ]
        )
    }

    @Test func `what its proxy says of a server is told on its gateway`() throws {
        let model = model(
            Self.pod,
            Self.gateway("gw", Self.https("a.com")),
            Self.gateway("fine", Self.https("b.com")),
            Self.gateway("plain", ["hosts": ["*"], "port": ["number": 15021, "name": "http", "protocol": "HTTP"]])
        )
        let said = [
            "Gateway foo/gw server https": "no curve is left", "Gateway foo/plain server http": "it is in use",
            "Gateway bar/gw server https": "no such Gateway", "": "nonsense",
        ]
        #expect(
            try verdicts(model, servers: said) == [
                "gw": .failing("server https: its connections fail, as no curve is left"), "fine": .accepted,
                "plain": .failing("server http: its connections fail, as it is in use"),
            ]
        )
        // What the control plane has found out itself is not told twice.
        let told = try verdicts(model, problems: ["kubernetes://web": "it is gone"], servers: said)
        #expect(told["gw"] == .partly("server https: its connections fail, as it is gone"))
    }

    /// A gateway's proxy that says that a server of `gw` is down.
    private func complain(
        to state: MeshState,
        as role: String = "router",
        _ account: String = "default"
    ) -> ConnectedProxy {
        let namespace = "istio-system"
        let node = NodeIdentity(role: role, address: "10.0.0.1", pod: "ingress", namespace: namespace, version: "1")
        let proxy = state.connect { number in
            ConnectedProxy(
                number: number,
                node: node,
                pod: ObjectKey(namespace: namespace, name: "ingress"),
                identity: SPIFFEID(trustDomain: "cluster.local", namespace: namespace, serviceAccount: account),
                peer: "test",
                session: ServerSession()
            )
        }
        var session = ClientSession(node: node)
        _ = session.report(["Gateway foo/gw server https": "no curve is left"])
        _ = proxy.received(session.connected())
        return proxy
    }

    @Test func `what a proxy says of its servers counts for as long as it is connected`() throws {
        let state = MeshState(clusterDomain: "cluster.local")
        _ = state.apply([Self.pod, Self.gateway("gw", Self.https("a.com"))].map(World.change))
        let gateway = ObjectReference("Gateway", ObjectKey(namespace: "foo", name: "gw"))
        let failing = Verdict.failing("server https: its connections fail, as no curve is left")
        #expect(state.judgeGateways() == [gateway: .accepted])
        let proxy = complain(to: state)
        #expect(proxy.status.serverProblems.count == 1)
        #expect(state.judgeGateways() == [gateway: failing])
        let later = complain(to: state)
        state.disconnect(proxy)
        #expect(state.judgeGateways().isEmpty)
        var request = DeltaRequest()
        request.report = ServerReport()
        _ = later.received(request)
        #expect(state.judgeGateways() == [gateway: .accepted])
        request.report = ServerReport(["Gateway foo/gw server https": "no curve is left"])
        _ = later.received(request)
        #expect(state.judgeGateways() == [gateway: failing])
        state.disconnect(later)
        #expect(state.judgeGateways() == [gateway: .accepted])
        // Neither a sidecar nor another account's proxy has a say.
        _ = complain(to: state, as: "sidecar")
        _ = complain(to: state, "thief")
        #expect(state.judgeGateways().isEmpty)
    }

    @Test func `a gateway that cannot be read is refused`() throws {
        let model = model(Self.pod, Self.gateway("gw", ["hosts": "a.com"]))
        guard case .refused? = try verdicts(model)["gw"] else {
            Issue.record("not refused")
            return
        }
    }
}
