import Base
import HTTP
import JSON
import Kubernetes
import LabServer
import Network
import Synchronization
import TLS
import Testing

/// A webhook that answers what a test wants.
private struct WebhookServer {
    let url: String
    let authorityPEM: String
    private let task: Task<Void, any Error>
    /// Where its clients' connections came from.
    let peers = Peers()

    final class Peers: Sendable {
        private let seen = Mutex<Set<SocketAddress>>([])
        var count: Int { seen.withLock { $0.count } }
        func add(_ peer: SocketAddress) { seen.withLock { _ = $0.insert(peer) } }
    }

    init(_ answer: @escaping @Sendable (JSON) -> JSON) throws {
        let authority = try CertificateAuthority.selfSigned(
            organization: "test",
            key: PrivateKey(generating: .p256),
            lifetime: .seconds(3600)
        )
        let key = try PrivateKey(generating: .p256)
        let names = AlternativeNames(addresses: [.loopback])
        let certificate = try authority.sign(key.publicKey, names: names, lifetime: .seconds(600))
        let identity = try TLSIdentity(chain: [certificate], key: key)
        let tls = try TLSServerContext(TLSServerConfiguration(identity: identity))
        let listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0), tls: tls)
        url = "https://\(listener.address)/hook"
        authorityPEM = authority.certificate.pem
        task = Task { [peers] in
            try await HTTPServer(listener: listener) { exchange in
                peers.add(exchange.peer)
                let review = try JSON(parsing: try await exchange.readBody(limit: 1 << 20))
                var response = answer(review["request"] ?? .null)
                response["uid"] = review["request", "uid"]
                let body: JSON = [
                    "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response,
                ]
                try await exchange.respond(HTTPResponseHead(200), body: body.bytes())
            }.run()
        }
    }

    func end() { task.cancel() }

    func configuration(_ kind: String, failurePolicy: String = "Fail", url: String? = nil) -> JSON {
        let rule: JSON = [
            "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"],
        ]
        return [
            "metadata": ["name": "test"],
            "webhooks": [
                [
                    "name": "hook.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                    "failurePolicy": .string(failurePolicy), "rules": [rule],
                    "objectSelector": ["matchLabels": ["ask": "yes"]], "timeoutSeconds": 20,
                    "clientConfig": [
                        "url": .string(url ?? self.url),
                        "caBundle": .string(Base64.encode(Array(authorityPEM.utf8))),
                    ],
                ]
            ],
        ]
    }
}

@Suite struct WebhookTests {
    private func create(_ test: TestServer, labels: [String: String] = ["ask": "yes"]) async throws -> JSON {
        try await test.api.create(.configMaps, namespace: "default", .configMap("a", ["k": "v"], labels: labels))
    }

    @Test func `a mutating webhook changes what is stored`() async throws {
        let test = try await TestServer()
        let server = try WebhookServer { _ in
            let patch: JSON = [["op": "add", "path": "/data/added", "value": "1"]]
            return ["allowed": true, "patchType": "JSONPatch", "patch": .string(Base64.encode(patch.bytes()))]
        }
        defer { server.end() }
        _ = try await test.api.create(
            .mutatingWebhookConfigurations,
            namespace: nil,
            server.configuration("Mutating")
        )
        #expect(try await create(test)["data"] == ["k": "v", "added": "1"])
        try await test.api.delete(.configMaps, namespace: "default", name: "a", gracePeriodSeconds: nil)
        #expect(try await create(test, labels: ["ask": "no"])["data"] == ["k": "v"])
    }

    @Test func `reviews one after the other share a connection`() async throws {
        let test = try await TestServer()
        let server = try WebhookServer { _ in ["allowed": true] }
        defer { server.end() }
        let configuration = server.configuration("Validating")
        _ = try await test.api.create(.validatingWebhookConfigurations, namespace: nil, configuration)
        for name in ["a", "b", "c"] {
            let object = JSON.configMap(name, ["k": "v"], labels: ["ask": "yes"])
            _ = try await test.api.create(.configMaps, namespace: "default", object)
        }
        #expect(server.peers.count == 1)
    }

    @Test func `a validating webhook refuses with its words`() async throws {
        let test = try await TestServer()
        let server = try WebhookServer { request in
            #expect(request["operation"] == "CREATE" && request["object", "data", "k"] == "v")
            return ["allowed": false, "status": ["message": "not today"]]
        }
        defer { server.end() }
        _ = try await test.api.create(
            .validatingWebhookConfigurations,
            namespace: nil,
            server.configuration("Validating")
        )
        let error = await #expect(throws: StatusError.self) { try await create(test) }
        #expect(error?.message == "admission webhook \"hook.example.com\" denied the request: not today")
        #expect(error?.code == 400)
    }

    @Test(arguments: [("Fail", false), ("Ignore", true)])
    func `a webhook that cannot be reached counts as its policy says`(policy: String, isAllowed: Bool) async throws {
        let test = try await TestServer()
        let server = try WebhookServer { _ in [:] }
        server.end()
        _ = try await test.api.create(
            .validatingWebhookConfigurations,
            namespace: nil,
            server.configuration("Validating", failurePolicy: policy, url: "https://127.0.0.1:1/hook")
        )
        if isAllowed {
            _ = try await create(test)
        } else {
            let error = await #expect(throws: StatusError.self) { try await create(test) }
            #expect(error?.message.contains("failed calling webhook \"hook.example.com\"") == true)
        }
    }

    @Test func `a webhook with a foreign certificate is not believed`() async throws {
        let test = try await TestServer()
        let server = try WebhookServer { _ in ["allowed": true] }
        let other = try WebhookServer { _ in ["allowed": true] }
        defer {
            server.end()
            other.end()
        }
        _ = try await test.api.create(
            .validatingWebhookConfigurations,
            namespace: nil,
            server.configuration("Validating", url: other.url)
        )
        await #expect(throws: StatusError.self) { try await create(test) }
    }
}
