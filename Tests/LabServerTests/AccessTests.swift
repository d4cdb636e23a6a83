import HTTP
import JSON
import Kubernetes
import Testing

@testable import LabServer

@Suite struct AccessTests {
    private func request(_ method: String, _ target: String, as user: UserInfo, _ body: JSON? = nil) -> APIRequest {
        var request = APIRequest(HTTPRequestHead(method, target), body: body?.bytes() ?? [])
        request.user = user
        return request
    }

    private let robot = UserInfo(
        name: "system:serviceaccount:default:robot",
        groups: ["system:serviceaccounts", "system:authenticated"]
    )

    @Test(arguments: [
        ("/version", 200), ("/healthz", 200), ("/api", 401), ("/api/v1/pods", 401), ("/openapi/v2", 401),
    ])
    func `who shows nothing sees health and version only`(target: String, status: Int) async throws {
        let test = try await TestServer()
        let answer = await test.server.front.respond(to: request("GET", target, as: .anonymous))
        #expect(answer.status == status)
    }

    @Test(arguments: [
        ("GET", "/api/v1/namespaces/default/configmaps", 200), ("GET", "/api/v1/namespaces/default/configmaps/a", 404),
        ("DELETE", "/api/v1/namespaces/default/configmaps/a", 403), ("GET", "/api/v1/configmaps", 403),
        ("GET", "/api/v1/namespaces/kube-system/configmaps", 403), ("GET", "/api/v1/namespaces/default/secrets", 403),
        ("GET", "/apis/apps/v1", 200), ("GET", "/nothing", 403),
        ("GET", "/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=1", 403),
    ])
    func `a role grants what it says`(method: String, target: String, status: Int) async throws {
        let test = try await TestServer()
        let rule: JSON = ["apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]]
        _ = try await test.api.create(
            .roles,
            namespace: "default",
            ["metadata": ["name": "reader"], "rules": [rule]]
        )
        _ = try await test.api.create(
            .roleBindings,
            namespace: "default",
            [
                "metadata": ["name": "reader"], "roleRef": ["kind": "Role", "name": "reader"],
                "subjects": [["kind": "ServiceAccount", "name": "robot", "namespace": "default"]],
            ]
        )
        let answer = await test.server.front.respond(to: request(method, target, as: robot))
        #expect(answer.status == status)
    }

    @Test func `a binding in a namespace means that one's account, a cluster's has to say whose`() async throws {
        let test = try await TestServer()
        let subjects: JSON = [["kind": "ServiceAccount", "name": "robot"]]
        func binding(_ kind: String) -> JSON {
            ["metadata": ["name": "b"], "roleRef": ["kind": .string(kind), "name": "reader"], "subjects": subjects]
        }
        _ = try await test.api.create(.roleBindings, namespace: "default", binding("Role"))
        await #expect(throws: StatusError.self) {
            try await test.api.create(.clusterRoleBindings, namespace: nil, binding("ClusterRole"))
        }
    }

    @Test func `nobody grants what they do not have`() async throws {
        let test = try await TestServer()
        let rule: JSON = [
            "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["create"],
        ]
        _ = try await test.api.create(
            .clusterRoles,
            namespace: nil,
            ["metadata": ["name": "granter"], "rules": [rule]]
        )
        _ = try await test.api.create(
            .clusterRoleBindings,
            namespace: nil,
            [
                "metadata": ["name": "granter"], "roleRef": ["kind": "ClusterRole", "name": "granter"],
                "subjects": [["kind": "ServiceAccount", "name": "robot", "namespace": "default"]],
            ]
        )
        func create(_ plural: String, _ object: JSON) async -> Int {
            let target = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/\(plural)"
            return await test.server.front.respond(to: request("POST", target, as: robot, object)).status
        }
        let secrets: JSON = ["apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]]
        #expect(await create("roles", ["metadata": ["name": "a"], "rules": [secrets]]) == 403)
        #expect(await create("roles", ["metadata": ["name": "b"], "rules": [rule]]) == 201)
        let subject: JSON = ["kind": "ServiceAccount", "name": "robot", "namespace": "default"]
        let admin: JSON = ["kind": "ClusterRole", "name": "cluster-admin"]
        #expect(
            await create("rolebindings", ["metadata": ["name": "a"], "roleRef": admin, "subjects": [subject]]) == 403
        )
    }

    @Test func `only who may impersonate does`() async throws {
        let test = try await TestServer()
        let authorizer = Authorizer(index: test.server.registry.store.index)
        let impersonation = Impersonation(authorizer: authorizer)
        let fields: HTTPFields = ["Impersonate-User": "system:serviceaccount:a:b"]
        #expect(try impersonation.effectiveUser(.system, fields).name == "system:serviceaccount:a:b")
        #expect(throws: StatusError.self) { try impersonation.effectiveUser(robot, fields) }
        #expect(throws: StatusError.self) {
            try impersonation.effectiveUser(robot, ["Impersonate-Group": "system:masters"])
        }
    }

    @Test func `a token counts for its audience, its account and its time`() async throws {
        let test = try await TestServer()
        _ = try await test.api.create(.serviceAccounts, namespace: "default", ["metadata": ["name": "robot"]])
        let issued = try await test.api.create(
            .serviceAccounts,
            namespace: "default",
            name: "robot",
            subresource: "token",
            ["spec": ["audiences": ["istio-ca"], "expirationSeconds": 600]]
        )
        let token = try #require(issued["status", "token"]?.string)
        let issuer = test.server.registry.issuer
        let index = test.server.registry.store.index
        let verified = try issuer.verify(token, audiences: ["istio-ca", "other"], index: index)
        #expect(verified.user.name == "system:serviceaccount:default:robot" && verified.audiences == ["istio-ca"])
        #expect(throws: (any Error).self) { try issuer.verify(token, audiences: ["other"], index: index) }
        #expect(throws: (any Error).self) { try issuer.verify(token + "x", audiences: ["istio-ca"], index: index) }
        #expect(throws: (any Error).self) { try issuer.verify("a.b.c", audiences: ["istio-ca"], index: index) }
        #expect(throws: (any Error).self) { try issuer.verify("", audiences: ["istio-ca"], index: index) }
        let review: JSON = ["spec": ["token": .string(token), "audiences": ["istio-ca"]]]
        let target = "/apis/authentication.k8s.io/v1/tokenreviews"
        let answer = await test.server.front.respond(to: request("POST", target, as: .system, review))
        guard case .whole(let bytes) = answer.body else { throw TestFailure() }
        #expect(try JSON(parsing: bytes)["status", "authenticated"] == true)
        try await test.api.delete(.serviceAccounts, namespace: "default", name: "robot", gracePeriodSeconds: nil)
        #expect(throws: (any Error).self) {
            try issuer.verify(token, audiences: ["istio-ca"], index: test.server.registry.store.index)
        }
    }

    @Test(arguments: ["{", "[]", "null", "3", "{\"kind\":\"Pod\"}", "{\"metadata\":[]}", "\u{0}"])
    func `a malformed body is refused and harms nothing`(body: String) async throws {
        let test = try await TestServer()
        var request = APIRequest(
            HTTPRequestHead("POST", "/api/v1/namespaces/default/configmaps"),
            body: Array(body.utf8)
        )
        request.user = .system
        let answer = await test.server.front.respond(to: request)
        #expect((400..<500).contains(answer.status))
    }
}
