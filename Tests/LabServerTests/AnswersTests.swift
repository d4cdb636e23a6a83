import HTTP
import JSON
import Kubernetes
import Testing

@testable import LabServer

/// Refusals in the words of kube-apiserver, found by sending it the same requests.
@Suite struct AnswersTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let method: String
        let path: String
        var type = "application/json"
        var body: JSON?
        let status: Int
        /// What the message is, or how it begins.
        let message: String

        var testDescription: String { "\(method) \(path) \(body?.description.prefix(120) ?? "")" }
    }

    private static let maps = "/api/v1/namespaces/default/configmaps"
    private static let merge = "application/merge-patch+json"

    private func check(_ given: Case) async throws {
        let test = try await TestServer()
        _ = try await test.api.create(.configMaps, namespace: "default", .configMap("a", ["k": "v"]))
        let account: JSON = ["metadata": ["name": "default"]]
        _ = try await test.api.create(.serviceAccounts, namespace: "default", account)
        let head = HTTPRequestHead(given.method, given.path, fields: ["Content-Type": given.type])
        var request = APIRequest(head, body: given.body?.bytes() ?? [])
        request.user = UserInfo(name: "admin", groups: ["system:masters"])
        let response = await test.server.front.respond(to: request)
        guard case .whole(let bytes) = response.body else {
            Issue.record("the answer is a stream")
            return
        }
        let answer = try JSON(parsing: bytes)
        #expect(response.status == given.status, "\(answer)")
        #expect(answer["message"]?.string?.hasPrefix(given.message) == true, "\(answer)")
    }

    @Test(arguments: [
        Case(
            method: "PUT",
            path: maps,
            body: .configMap("a"),
            status: 405,
            message: "the server does not allow this method on the requested resource"
        ),
        Case(
            method: "PATCH",
            path: maps,
            type: merge,
            body: [:],
            status: 405,
            message: "the server does not allow this method on the requested resource"
        ),
        Case(
            method: "PUT",
            path: "\(maps)/a",
            body: ["data": [:]],
            status: 400,
            message: "the name of the object (a based on URL) was undeterminable: name must be provided"
        ),
        Case(
            method: "PATCH",
            path: "\(maps)/a",
            type: merge,
            body: ["metadata": ["name": "q"]],
            status: 400,
            message: "the name of the object (q) does not match the name on the URL (a)"
        ),
        Case(
            method: "PATCH",
            path: "\(maps)/a",
            type: merge,
            body: ["metadata": ["namespace": "q"]],
            status: 400,
            message: "the namespace of the object (q) does not match the namespace on the request (default)"
        ),
        Case(
            method: "PATCH",
            path: "\(maps)/a",
            type: merge,
            body: [1],
            status: 400,
            message: "error decoding patch"
        ),
        Case(
            method: "PATCH",
            path: "\(maps)/a?force=true",
            type: merge,
            body: [:],
            status: 422,
            message:
                "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch"
        ),
        Case(
            method: "PATCH",
            path: "\(maps)/a",
            type: "application/apply-patch+yaml",
            body: [:],
            status: 422,
            message:
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
        ),
        Case(
            method: "PATCH",
            path: "\(maps)/a?fieldManager=m",
            type: "application/apply-patch+yaml",
            body: ["metadata": ["name": "a"]],
            status: 400,
            message: "Incorrect version specified in apply patch. Specified patch version: , expected: v1"
        ),
        Case(
            method: "DELETE",
            path: "\(maps)/a",
            body: ["propagationPolicy": "Foo"],
            status: 422,
            message: """
                DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Foo": supported values: \
                "Foreground", "Background", "Orphan", "nil"
                """
        ),
        Case(
            method: "DELETE",
            path: "\(maps)/a",
            body: ["propagationPolicy": "Orphan", "orphanDependents": true],
            status: 422,
            message: "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"Orphan\""
        ),
        Case(
            method: "DELETE",
            path: "/api/v1/namespaces/default",
            status: 403,
            message: "namespaces \"default\" is forbidden: this namespace may not be deleted"
        ),
        Case(
            method: "GET",
            path: "\(maps)?limit=x",
            status: 400,
            message: "strconv.ParseInt: parsing \"x\": invalid syntax"
        ),
        Case(
            method: "GET",
            path: "\(maps)?watch=true&timeoutSeconds=x",
            status: 400,
            message: "strconv.ParseInt: parsing \"x\": invalid syntax"
        ),
        Case(
            method: "POST",
            path: "\(maps)?dryRun=Some",
            body: .configMap("b"),
            status: 422,
            message: "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value"
        ),
        Case(
            method: "POST",
            path: maps,
            body: ["metadata": ["name": "b"], "data": ["x": "1"], "binaryData": ["x": "aGk="]],
            status: 422,
            message: "ConfigMap \"b\" is invalid: data[x]: Invalid value: \"x\": duplicate of key present in binaryData"
        ),
    ])
    func `a request that cannot be is refused`(given: Case) async throws { try await check(given) }

    private static func pod(_ container: JSON, _ spec: JSON = [:]) -> JSON {
        var spec = spec
        spec["containers"] = [container.merged(with: ["name": "a", "image": "i"])]
        return ["metadata": ["name": "p"], "spec": spec]
    }

    private static func podCase(_ container: JSON, _ message: String) -> Case { podCase(container, spec: [:], message) }

    private static func podCase(_ container: JSON = [:], spec: JSON, _ message: String) -> Case {
        Case(
            method: "POST",
            path: "/api/v1/namespaces/default/pods",
            body: pod(container, spec),
            status: 422,
            message: "Pod \"p\" is invalid: \(message)"
        )
    }

    @Test(arguments: [
        podCase(["env": [["name": "a b"]]], "spec.containers[0].env[0].name: Invalid value: \"a b\": a valid env"),
        podCase(
            ["env": [["name": "a", "valueFrom": ["fieldRef": ["fieldPath": "foo"]]]]],
            "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"foo\": error converting fieldPath"
        ),
        podCase(["envFrom": [[:]]], "spec.containers[0].envFrom: Invalid value: \"\": must specify one of"),
        podCase(
            ["resources": ["requests": ["cpu": "x"]]],
            "spec.containers[0].resources.requests[cpu]: Invalid value: \"x\": quantities must match"
        ),
        podCase(
            ["resources": ["limits": ["cpu": "1"], "requests": ["cpu": "1500m"]]],
            "spec.containers[0].resources.requests: Invalid value: \"1500m\": must be less than or equal to cpu limit of 1"
        ),
        podCase(
            ["livenessProbe": ["httpGet": ["port": 0]]],
            "spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive"
        ),
        podCase(
            ["livenessProbe": ["httpGet": ["port": 80], "tcpSocket": ["port": 80]]],
            "spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"
        ),
        podCase(
            ["livenessProbe": ["exec": ["command": ["a"]], "successThreshold": 2]],
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"
        ),
        podCase(["readinessProbe": ["exec": [:]]], "spec.containers[0].readinessProbe.exec.command: Required value"),
        podCase(
            ["lifecycle": ["preStop": [:]]],
            "spec.containers[0].lifecycle.preStop: Required value: must specify a handler type"
        ),
        podCase(
            ["securityContext": ["runAsUser": -1]],
            "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"
        ),
        podCase(
            spec: ["volumes": [["name": "v", "configMap": [:]]]],
            "spec.volumes[0].configMap.name: Required value"
        ),
        podCase(
            spec: ["volumes": [["name": "v", "configMap": ["name": "a"], "emptyDir": [:]]]],
            "spec.volumes[0].emptyDir: Forbidden: may not specify more than 1 volume type"
        ),
        podCase(spec: ["activeDeadlineSeconds": 0], "spec.activeDeadlineSeconds: Invalid value: 0: must be between"),
        podCase(spec: ["hostname": "A_b"], "spec.hostname: Invalid value: \"A_b\": a lowercase RFC 1123 label"),
        podCase(
            spec: ["initContainers": [["name": "a", "image": "i"]]],
            "spec.initContainers[0].name: Duplicate value: \"a\""
        ),
        podCase(
            spec: ["tolerations": [["key": "k", "operator": "Foo"]]],
            "spec.tolerations[0].operator: Unsupported value: \"Foo\": supported values: \"Equal\", \"Exists\""
        ),
    ])
    func `a pod that cannot be is refused`(given: Case) async throws { try await check(given) }

    private static func serviceCase(_ spec: JSON, _ message: String) -> Case {
        var spec = spec
        spec["ports"] = spec["ports"] ?? [["port": 80]]
        return Case(
            method: "POST",
            path: "/api/v1/namespaces/default/services",
            body: ["metadata": ["name": "s"], "spec": spec],
            status: 422,
            message: "Service \"s\" is invalid: \(message)"
        )
    }

    @Test(arguments: [
        serviceCase(["type": "ExternalName", "externalName": "a_b"], "spec.externalName: Invalid value: \"a_b\""),
        serviceCase(
            ["ports": [["port": 80, "nodePort": 30000]]],
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"
        ),
        serviceCase(["externalIPs": ["x"]], "spec.externalIPs[0]: Invalid value: \"x\": must be a valid IP address"),
        serviceCase(
            ["type": "NodePort", "externalTrafficPolicy": "Foo"],
            "spec.externalTrafficPolicy: Unsupported value: \"Foo\": supported values: \"Cluster\", \"Local\""
        ),
    ])
    func `a service that cannot be is refused`(given: Case) async throws { try await check(given) }

    /// kubectl asks for the dry run of a deletion in its body.
    @Test(arguments: ["\(maps)/a", maps, "\(maps)/a?dryRun=All"])
    func `a dry run deletes nothing`(path: String) async throws {
        let options: JSON = ["dryRun": ["All"]]
        let test = try await TestServer()
        _ = try await test.api.create(.configMaps, namespace: "default", .configMap("a"))
        let head = HTTPRequestHead("DELETE", path, fields: ["Content-Type": "application/json"])
        var request = APIRequest(head, body: path.contains("?") ? [] : options.bytes())
        request.user = UserInfo(name: "admin", groups: ["system:masters"])
        #expect(await test.server.front.respond(to: request).status == 200)
        _ = try await test.api.get(.configMaps, namespace: "default", name: "a")
    }

    @Test func `amounts compare whatever their units`() throws {
        #expect(try #require(Amount("1500m")) > #require(Amount("1")))
        #expect(try #require(Amount("1Gi")) > #require(Amount("1G")))
        #expect(try #require(Amount("1e3")) == #require(Amount("1k")))
        for text in ["", "x", "1x", "Mi", "1.2.3"] { #expect(Amount(.string(text)) == nil, "\(text)") }
    }
}
