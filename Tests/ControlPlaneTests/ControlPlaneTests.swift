import Base
import Discovery
import GRPC
import HTTP
import Identity
import JSON
import Kubernetes
import Network
import Synchronization
import TLS
import TestKubernetes
import Testing

@testable import ControlPlane

/// A whole control plane over an API in memory, on ports of its own.
struct RunningPlane {
    let api: InMemoryAPI
    let addresses: ControlPlane.Addresses
    let roots: String

    /// Runs `body` beside a control plane that knows ``World``.
    static func run(
        over api: InMemoryAPI = World.api(),
        _ body: @escaping @Sendable (RunningPlane) async throws -> Void
    ) async throws {
        let ports = ["--secureGRPCAddr=:0", "--httpsAddr=:0", "--monitoringAddr=:0", "--httpAddr=:0"]
        let options = try Options(arguments: ["discovery"] + ports) { _ in nil }
        let plane = ControlPlane(api: api, options: options)
        let (started, starting) = AsyncStream<ControlPlane.Addresses>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { starting.finish() }
                try await plane.run { starting.yield($0) }
            }
            var addresses: ControlPlane.Addresses?
            for await address in started {
                addresses = address
                break
            }
            if let addresses {
                try await body(RunningPlane(api: api, addresses: addresses, roots: try await roots(api)))
                group.cancelAll()
            }
            do {
                try await group.waitForAll()
            } catch let error as MeshError where error.code == .cancelled {
                return
            } catch is CancellationError {
                return
            }
        }
    }

    /// What a pod finds in its namespace's ConfigMap.
    private static func roots(_ api: InMemoryAPI) async throws -> String {
        let (name, key) =
            (try? await api.get(.secrets, namespace: "istio-system", name: "cacerts")) == nil
            ? ("istio-ca-secret", "ca-cert.pem") : ("cacerts", "root-cert.pem")
        let secret = try await api.get(.secrets, namespace: "istio-system", name: name)
        return String(decoding: Base64.decode(secret["data", key]?.string ?? "") ?? [], as: UTF8.self)
    }

    /// Who issued the certificate that the control plane shows to new connections.
    func issuer() async throws -> String {
        let verification = PeerVerification(trust: try TrustStore(pem: roots), names: .host)
        let connection = try await AsyncConnection.connect(
            host: "127.0.0.1",
            port: addresses.secure.port,
            tls: try TLSClientContext(TLSClientConfiguration(verification: verification)),
            serverName: "istiod.istio-system.svc"
        )
        defer { connection.close() }
        return connection.tls?.peerCertificate?.issuer ?? ""
    }

    /// A connection as a pod makes it.
    func connect(identity: TLSIdentity? = nil) async throws -> GRPCClient {
        let verification = PeerVerification(trust: try TrustStore(pem: roots), names: .host)
        var configuration = TLSClientConfiguration(verification: verification)
        configuration.identity = identity
        configuration.parameters.applicationProtocols = ["h2"]
        return try await GRPCClient.connect(
            host: "127.0.0.1",
            port: addresses.secure.port,
            tls: try TLSClientContext(configuration),
            serverName: "istiod.istio-system.svc"
        )
    }

    func certificate(token: String?) async throws -> WorkloadCertificate {
        let requester = CertificateRequester(connect: { try await connect() }, token: { token })
        return try await requester.obtain(
            SPIFFEID(trustDomain: "cluster.local", namespace: "evil", serviceAccount: "root")
        )
    }

    func page(_ path: String) async throws -> (status: Int, body: String) {
        let client = HTTPClient(host: "127.0.0.1", port: addresses.monitoring.port)
        let response = try await client.send(HTTPRequestHead("GET", path))
        return (response.head.status, String(decoding: try await response.collectBody(), as: UTF8.self))
    }
}

extension World {
    /// The world, with an API server that knows the token of each service account: its name.
    static func api() -> InMemoryAPI {
        let api = InMemoryAPI { type, object in
            guard type == .tokenReviews else { return nil }
            var answer = object
            let account = object["spec", "token"]?.string ?? ""
            guard ["sleep", "httpbin"].contains(account) else {
                answer["status"] = ["authenticated": false]
                return answer
            }
            answer["status"] = [
                "authenticated": true, "audiences": ["istio-ca"],
                "user": [
                    "username": .string("system:serviceaccount:full:\(account)"),
                    "extra": ["authentication.kubernetes.io/pod-name": [.string("\(account)-1")]],
                ],
            ]
            return answer
        }
        let types: [String: ResourceType] = [
            "Namespace": .namespaces, "Pod": .pods, "Service": .services, "EndpointSlice": .endpointSlices,
        ]
        for object in objects { if let type = types[object.kind] { api.put(type, object) } }
        define(.peerAuthentications, in: api)
        return api
    }

    static func define(_ type: ResourceType, in api: InMemoryAPI) {
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

/// A real client of discovery that remembers what it was told.
final class RecordingProxy: Sendable {
    let client: DiscoveryClient
    private let updates: AsyncStream<DiscoveryUpdate>
    private let state: Mutex<[ResourceName: Resource]>

    init(_ pod: String, _ plane: RunningPlane, token: String?, identity: TLSIdentity? = nil) {
        let (updates, continuation) = AsyncStream<DiscoveryUpdate>.makeStream()
        self.updates = updates
        state = Mutex([:])
        client = DiscoveryClient(
            node: NodeIdentity(address: "10.244.0.5", pod: pod, namespace: "full", version: "1"),
            transport: DiscoveryClient.Transport(
                connect: { try await plane.connect(identity: identity) },
                metadata: { token.map { ["authorization": "Bearer \($0)"] } ?? [:] }
            )
        ) { update in
            continuation.yield(update)
        }
    }

    /// Waits until `condition` holds of what the proxy was told.
    func until(_ condition: ([ResourceName: Resource]) -> Bool) async {
        for await update in updates {
            let resources = state.withLock { resources in
                resources.merge(update.changed) { $1 }
                for name in update.removed { resources[name] = nil }
                return resources
            }
            if condition(resources) { return }
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct ControlPlaneTests {
    @Test func `a token gets the certificate of its account`() async throws {
        try await RunningPlane.run { plane in
            let certificate = try await plane.certificate(token: "sleep")
            #expect(certificate.identity.leaf.alternativeNames.uris == ["spiffe://cluster.local/ns/full/sa/sleep"])
            #expect(certificate.rootsPEM == plane.roots)
            await #expect(throws: GRPCStatus(.unauthenticated, "request authenticate failure")) {
                try await plane.certificate(token: "nobody")
            }
            await #expect(throws: GRPCStatus(.unauthenticated, "request authenticate failure")) {
                try await plane.certificate(token: nil)
            }
            let metrics = try await plane.page("/metrics").body
            #expect(metrics.contains("citadel_server_success_cert_issuance_count 1\n"))
            #expect(metrics.contains("citadel_server_csr_sign_err_count 2\n"))
        }
    }

    @Test(arguments: [true, false]) func `a policy reaches a connected proxy`(hasCertificate: Bool) async throws {
        try await RunningPlane.run { plane in
            let identity = hasCertificate ? try await plane.certificate(token: "httpbin").identity : nil
            let proxy = RecordingProxy(
                "httpbin-1",
                plane,
                token: hasCertificate ? nil : "httpbin",
                identity: identity
            )
            await withTaskGroup { group in
                group.addTask { await proxy.client.run() }
                await proxy.until { $0.count == 3 }
                plane.api.put(.peerAuthentications, World.policy("STRICT"))
                await proxy.until {
                    guard case .inbound(let policy) = $0[.inbound] else { return false }
                    return policy.ports.first?.mode == .strict
                }
                proxy.client.subscribe(to: [.address("10.96.0.7", port: 8000), .host("httpbin", port: 8000)])
                await proxy.until { $0[.destination("outbound|8000||httpbin.full.svc.cluster.local")] != nil }
                group.cancelAll()
            }
        }
    }

    @Test func `a proxy cannot be another pod`() async throws {
        try await RunningPlane.run { plane in
            for node in ["httpbin-1.full", "sleep-1.other", "sleep-1"] {
                let client = try await plane.connect()
                let call = try client.stream(DiscoveryProtocol.path, metadata: ["authorization": "Bearer sleep"])
                var request = DeltaRequest()
                request.node = NodeIdentity(id: "sidecar~10.0.0.1~\(node)~x", version: "1")
                request.subscribe = ["inbound"]
                try await call.send(request.bytes)
                await #expect(throws: GRPCStatus.self, "\(node)") { try await call.next() }
            }
        }
    }

    @Test func `a certificate for another pod's account is found out`() async throws {
        try await RunningPlane.run { plane in
            let thief = try await plane.certificate(token: "sleep").identity
            let client = try await plane.connect(identity: thief)
            let call = try client.stream(DiscoveryProtocol.path)
            var request = DeltaRequest()
            request.node = NodeIdentity(id: "sidecar~10.0.0.1~httpbin-1.full~x", version: "1")
            request.subscribe = ["inbound"]
            try await call.send(request.bytes)
            let status = await #expect(throws: GRPCStatus.self) { try await call.next() }
            #expect(status?.code == .permissionDenied)
        }
    }

    @Test func `after a restart a proxy keeps what it has and gets what changed`() async throws {
        let api = World.api()
        let node = NodeIdentity(address: "10.244.0.7", pod: "httpbin-1", namespace: "full", version: "1")
        let session = Mutex(ClientSession(node: node))
        /// The names in the first response, of one stream.
        @Sendable func exchange(_ plane: RunningPlane) async throws -> [String] {
            let client = try await plane.connect()
            let call = try client.stream(DiscoveryProtocol.path, metadata: ["authorization": "Bearer httpbin"])
            let first = session.withLock { session in
                session.disconnected()
                return session.connected()
            }
            try await call.send(first.bytes)
            let response = try DeltaResponse(try #require(try await call.next()))
            guard case .update(let update) = session.withLock({ $0.received(response) }) else { return [] }
            try await call.send(session.withLock { $0.accepted(update) }.bytes)
            return response.resources.map(\.name)
        }
        try await RunningPlane.run(over: api) { plane in
            let names = try await exchange(plane)
            #expect(names == ["trust", "mesh", "inbound"])
        }
        api.put(.peerAuthentications, World.policy("STRICT"))
        try await RunningPlane.run(over: api) { plane in
            let names = try await exchange(plane)
            #expect(names == ["inbound"])
        }
    }

    @Test func `a new plugged-in intermediate is taken over while running, own certificate included`() async throws {
        let root = try CertificateAuthority.selfSigned(
            organization: "Example",
            key: PrivateKey(generating: .p256),
            lifetime: .seconds(86_400)
        )
        @Sendable func plugIn(_ organization: String, _ api: InMemoryAPI) throws {
            let key = try PrivateKey(generating: .p256)
            let authority = try root.intermediate(organization: organization, key: key, lifetime: .seconds(3600))
            let files = [
                "ca-cert.pem": authority.certificate.pem, "ca-key.pem": key.pem(),
                "root-cert.pem": root.certificate.pem, "cert-chain.pem": authority.certificate.pem,
            ]
            api.put(
                .secrets,
                [
                    "metadata": ["namespace": "istio-system", "name": "cacerts"],
                    "data": .strings(files.mapValues { Base64.encode(Array($0.utf8)) }),
                ]
            )
        }
        let api = World.api()
        try plugIn("One", api)
        try await RunningPlane.run(over: api) { plane in
            let before = try await plane.issuer()
            #expect(before == "O=One")
            try plugIn("Two", api)
            while try await plane.issuer() != "O=Two" { await Task.yield() }
            let certificate = try await plane.certificate(token: "sleep")
            #expect(certificate.identity.leaf.issuer == "O=Two")
        }
    }

    @Test func `kinds may be defined later`() async throws {
        try await RunningPlane.run { plane in
            let proxy = RecordingProxy("sleep-1", plane, token: "sleep")
            let name = ResourceName.destination("outbound|8000||httpbin.full.svc.cluster.local")
            proxy.client.subscribe(to: [name])
            await withTaskGroup { group in
                group.addTask { await proxy.client.run() }
                await proxy.until { $0[name] != nil }
                World.define(.destinationRules, in: plane.api)
                plane.api.put(
                    .destinationRules,
                    [
                        "metadata": ["namespace": "full", "name": "x"],
                        "spec": ["host": "httpbin", "trafficPolicy": ["tls": ["mode": "DISABLE"]]],
                    ]
                )
                await proxy.until {
                    guard case .destination(let destination) = $0[name] else { return false }
                    return destination.endpoints.first?.reason == "DestinationRule full/x"
                }
                group.cancelAll()
            }
        }
    }

    @Test func `an object that cannot be used says so in its status`() async throws {
        try await RunningPlane.run { plane in
            plane.api.put(.peerAuthentications, World.policy("BLAH"))
            let informer = Informer(plane.api, .peerAuthentications)
            let changes = informer.changes()
            await withTaskGroup { group in
                group.addTask { await informer.run() }
                for await batch in changes {
                    let condition = batch.last?.after?["status", "conditions"]?.array?.first
                    if condition?["status"] == "False", condition?["message"]?.string?.contains("BLAH") == true {
                        break
                    }
                }
                group.cancelAll()
            }
        }
    }

    @Test func `tells of itself`() async throws {
        try await RunningPlane.run { plane in
            let proxy = RecordingProxy("sleep-1", plane, token: "sleep")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await proxy.client.run() }
                await proxy.until { $0.count == 3 }
                let syncz = try JSON(parsing: Array(try await plane.page("/debug/syncz").body.utf8))
                #expect(syncz.array?.first?["proxy"] == "sleep-1.full")
                let dump = try await plane.page("/debug/config_dump?proxyID=sleep-1.full")
                #expect(dump.status == 200 && dump.body.contains("\"inbound\""))
                let pages = [
                    ("/debug/authn?proxyID=sleep-1.full", "httpbin.full"), ("/debug/model", "full/httpbin-1"),
                    ("/metrics", "pilot_xds 1\n"), ("/debug/matrix", "httpbin"),
                ]
                for (path, text) in pages {
                    let page = try await plane.page(path)
                    #expect(page.status == 200 && page.body.contains(text), "\(path): \(page.body)")
                }
                for path in ["/debug/config_dump?proxyID=x", "/nonsense"] {
                    let status = try await plane.page(path).status
                    #expect(status == 404)
                }
                group.cancelAll()
            }
        }
    }

    @Test func `a port that is taken is named`() async throws {
        try await RunningPlane.run { plane in
            let options = try Options(arguments: ["--httpAddr=:\(plane.addresses.readiness.port)"]) { _ in nil }
            let error = await #expect(throws: MeshError.self) {
                try await ControlPlane(api: plane.api, options: options).run()
            }
            #expect(error?.message.contains("\(plane.addresses.readiness.port)") == true)
        }
    }
}

@Suite struct OptionsTests {
    @Test func `reads what the Deployment gives`() throws {
        let environment = ["POD_NAMESPACE": "mesh", "REVISION": "canary", "MAX_WORKLOAD_CERT_TTL": "1h30m"]
        let options = try Options(
            arguments: [
                "discovery", "--monitoringAddr=:15014", "--log_output_level=default:debug", "--domain", "my.local",
            ]
        ) { environment[$0] }
        #expect(options.namespace == "mesh" && options.domain == "my.local" && options.logLevel == .debug)
        #expect(options.longestLifetime == .seconds(5400))
        #expect(
            options.serverNames.contains("istiod-canary.mesh.svc") && options.serverNames.contains("istiod.mesh.svc")
        )
        #expect(options.plaintextPort == nil)
    }

    @Test(arguments: [["--nonsense=1"], ["serve"], ["--domain"], ["--httpsAddr=x"], ["--log_output_level=loud"]])
    func `refuses what it does not know`(_ arguments: [String]) {
        #expect(throws: MeshError(.invalidConfiguration, "")) { try Options(arguments: arguments) { _ in nil } }
    }

    @Test(arguments: ["1x", "h", "", "-1h", "1"]) func `refuses a bad duration`(_ text: String) {
        #expect(throws: MeshError(.invalidConfiguration, "")) {
            try Options(arguments: []) { $0 == "MAX_WORKLOAD_CERT_TTL" ? text : nil }
        }
    }
}
