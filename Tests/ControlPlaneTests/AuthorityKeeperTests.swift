import Base
import Identity
import JSON
import Kubernetes
import TLS
import TestKubernetes
import Testing

@testable import ControlPlane

@Suite(.timeLimit(.minutes(1))) struct AuthorityKeeperTests {
    private func open(_ api: InMemoryAPI) async throws -> AuthorityKeeper {
        try await AuthorityKeeper.open(api: api, namespace: "istio-system", trustDomain: "cluster.local")
    }

    @Test func `makes a root on the first start and finds it on the next`() async throws {
        let api = InMemoryAPI()
        let first = try await open(api).authority.roots
        let secret = try await api.get(.secrets, namespace: "istio-system", name: "istio-ca-secret")
        #expect(secret["type"] == "istio.io/ca-root")
        let keys = Set(secret["data"]?.object?.keys.map { $0 } ?? [])
        #expect(keys == ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "key.pem", "root-cert.pem"])
        #expect(try await open(api).authority.roots == first)
    }

    @Test func `of two that start at once, both use the same CA`() async throws {
        let api = InMemoryAPI()
        async let first = open(api)
        async let second = open(api)
        #expect(try await first.authority.roots == second.authority.roots)
    }

    @Test func `a plugged-in CA comes before a kept one, and a partial one stops the start`() async throws {
        let api = InMemoryAPI()
        let kept = try await open(api).authority.roots
        let root = try CertificateAuthority.selfSigned(
            organization: "Example",
            key: PrivateKey(generating: .p256),
            lifetime: .seconds(86_400)
        )
        let key = try PrivateKey(generating: .p256)
        let authority = try root.intermediate(organization: "Mesh", key: key, lifetime: .seconds(3600))
        var data: JSON = [:]
        for (name, text) in [
            ("ca-cert.pem", authority.certificate.pem), ("ca-key.pem", key.pem()),
            ("root-cert.pem", root.certificate.pem), ("cert-chain.pem", authority.certificate.pem),
        ] { data[name] = .string(Base64.encode(Array(text.utf8))) }
        let metadata: JSON = ["namespace": "istio-system", "name": "cacerts"]
        api.put(.secrets, ["metadata": metadata, "data": data])
        let roots = try await open(api).authority.roots
        #expect(roots == [root.certificate] && roots != kept)
        data["root-cert.pem"] = nil
        api.put(.secrets, ["metadata": metadata, "data": data])
        await #expect(throws: MeshError(.invalidConfiguration, "")) { try await open(api) }
    }

    @Test func `renews the root in time, and keeps it`() async throws {
        let api = InMemoryAPI()
        let keeper = try await open(api)
        let before = keeper.authority.roots
        #expect(try await !keeper.renewIfDue())
        #expect(keeper.authority.roots == before)
        #expect(try await keeper.renewIfDue(now: .now + AuthorityFiles.rootLifetime * 0.85))
        #expect(keeper.authority.roots != before)
        #expect(try await open(api).authority.roots == keeper.authority.roots)
    }

    @Test func `waits for an API server that is not there yet`() async throws {
        let api = InMemoryAPI()
        api.put(.namespaces, ["metadata": ["name": "x"]])
        _ = try await open(api)
    }
}

@Suite(.timeLimit(.minutes(1))) struct RootDistributorTests {
    @Test func `every namespace gets the roots, and gets them back`() async throws {
        let api = InMemoryAPI()
        for name in ["full", "kube-public", "default"] { api.put(.namespaces, ["metadata": ["name": .string(name)]]) }
        let namespaces = Informer(api, .namespaces)
        let distributor = RootDistributor(api: api, namespaces: namespaces) { "ROOT" }
        let watched = Informer(api, .configMaps)
        let changes = watched.changes()
        await withTaskGroup { group in
            group.addTask { await namespaces.run() }
            group.addTask { await watched.run() }
            group.addTask { await distributor.run() }
            var held: [String: String] = [:]
            func until(_ condition: () -> Bool) async {
                while !condition(), let batch = await changes.next() {
                    for change in batch { held[change.key.namespace] = change.after?["data", "root-cert.pem"]?.string }
                }
            }
            await until { held.count == 2 }
            #expect(held == ["full": "ROOT", "default": "ROOT"])
            api.remove(.configMaps, namespace: "full", name: RootDistributor.name)
            await until { held["full"] == nil }
            await until { held["full"] == "ROOT" }
            api.put(
                .configMaps,
                [
                    "metadata": [
                        "namespace": "default", "name": "istio-ca-root-cert", "labels": ["istio.io/config": "true"],
                    ], "data": ["root-cert.pem": "EVIL"],
                ]
            )
            await until { held["default"] == "EVIL" }
            await until { held["default"] == "ROOT" }
            api.put(.namespaces, ["metadata": ["name": "new"]])
            await until { held["new"] == "ROOT" }
            group.cancelAll()
        }
    }
}

@Suite struct TokenReviewTests {
    private func review(_ status: JSON) async throws -> (user: String, pod: String?)? {
        let api = InMemoryAPI { type, object in
            guard type == .tokenReviews else { return nil }
            var answer = object
            answer["status"] = status
            return answer
        }
        return try await TokenReview(api: api).review(token: "t", audience: "istio-ca")
    }

    @Test func `knows the account and the pod`() async throws {
        let caller = try await review([
            "authenticated": true, "audiences": ["istio-ca"],
            "user": [
                "username": "system:serviceaccount:full:sleep",
                "extra": ["authentication.kubernetes.io/pod-name": ["sleep-1"]],
            ],
        ])
        #expect(caller?.user == "system:serviceaccount:full:sleep" && caller?.pod == "sleep-1")
    }

    @Test(
        arguments: [
            ["authenticated": false, "user": ["username": "a"], "audiences": ["istio-ca"]],
            ["authenticated": true, "user": ["username": "a"]],
            ["authenticated": true, "user": ["username": "a"], "audiences": ["other"]],
            [:],
        ] as [JSON]
    )
    func `refuses what is not reviewed for us`(_ status: JSON) async throws {
        #expect(try await review(status) == nil)
    }
}
