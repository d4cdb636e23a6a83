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
