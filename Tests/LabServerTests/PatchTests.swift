import JSON
import Kubernetes
import Testing

@testable import LabServer

@Suite struct PatchTests {
    @Test func `a JSON patch does all of its operations`() throws {
        let patch = try JSONPatch([
            ["op": "test", "path": "/a", "value": 1], ["op": "replace", "path": "/a", "value": 2],
            ["op": "add", "path": "/list/-", "value": "z"], ["op": "add", "path": "/list/0", "value": "x"],
            ["op": "remove", "path": "/b"], ["op": "move", "from": "/c~1d", "path": "/e~0f"],
            ["op": "copy", "from": "/a", "path": "/g"],
        ])
        let result = try patch.apply(to: ["a": 1, "b": 1, "c/d": true, "list": ["y"]])
        #expect(result == ["a": 2, "e~f": true, "g": 2, "list": ["x", "y", "z"]])
    }

    @Test(
        arguments: [
            ["op": "test", "path": "/a", "value": 2], ["op": "remove", "path": "/nothing"],
            ["op": "replace", "path": "/list/9", "value": 1], ["op": "add", "path": "/no/where", "value": 1],
            ["op": "add", "path": "a", "value": 1], ["op": "jump", "path": "/a"], ["op": "add", "path": "/a"],
        ] as [JSON]
    )
    func `a JSON patch that cannot be done is refused`(operation: JSON) {
        #expect(throws: StatusError.self) { try JSONPatch([operation]).apply(to: ["a": 1, "list": []]) }
    }

    @Test func `a merge patch removes with null`() {
        let value: JSON = ["a": ["b": 1, "c": 2], "d": [1, 2]]
        #expect(value.merged(with: ["a": ["b": .null], "d": [3]]) == ["a": ["c": 2], "d": [3]])
    }

    private let pod = SchemaNode.builtIn(.object("core.Pod"), .atomic)

    private func merged(_ original: JSON, _ patch: JSON) throws -> JSON {
        try StrategicMergePatch.apply(["spec": patch], to: ["spec": original], schema: pod)["spec"] ?? .null
    }

    @Test func `containers are merged by name, and their environment too`() throws {
        let original: JSON = ["containers": [["name": "a", "image": "1", "env": [["name": "X", "value": "1"]]]]]
        let patch: JSON = [
            "containers": [["name": "b", "image": "2"], ["name": "a", "env": [["name": "Y", "value": "2"]]]]
        ]
        let env: JSON = [["name": "X", "value": "1"], ["name": "Y", "value": "2"]]
        let expected: JSON = [
            "containers": [["name": "a", "image": "1", "env": env], ["name": "b", "image": "2"]]
        ]
        #expect(try merged(original, patch) == expected)
    }

    @Test func `directives delete, replace and order`() throws {
        let original: JSON = ["containers": [["name": "a"], ["name": "b"], ["name": "c"]]]
        #expect(
            try merged(original, ["containers": [["name": "b", "$patch": "delete"]]])
                == ["containers": [["name": "a"], ["name": "c"]]]
        )
        #expect(
            try merged(original, ["containers": [["name": "d"], ["$patch": "replace"]]])
                == ["containers": [["name": "d"]]]
        )
        let ordered = try merged(
            original,
            ["$setElementOrder/containers": [["name": "c"], ["name": "a"]], "containers": []]
        )
        #expect(ordered == ["containers": [["name": "b"], ["name": "c"], ["name": "a"]]])
        #expect(try merged(["a": 1, "b": 2], ["$retainKeys": ["b"], "b": 3]) == ["b": 3])
    }

    @Test func `a set of words loses the words it is told to lose`() throws {
        let object: JSON = ["metadata": ["finalizers": ["a", "b"]]]
        let patch: JSON = ["metadata": ["$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]]]
        let result = try StrategicMergePatch.apply(patch, to: object, schema: pod)
        #expect(result == ["metadata": ["finalizers": ["b", "c"]]])
    }

    @Test func `a list without a key is replaced`() throws {
        #expect(
            try merged(["tolerations": [["key": "a"]]], ["tolerations": [["key": "b"]]]) == [
                "tolerations": [["key": "b"]]
            ]
        )
    }
}

@Suite struct ApplyTests {
    private func deployment(_ replicas: JSON?, image: String = "a:1", extra: JSON? = nil) -> JSON {
        var containers: [JSON] = [["name": "a", "image": .string(image)]]
        if let extra { containers.append(extra) }
        var spec: JSON = [
            "selector": ["matchLabels": ["app": "a"]],
            "template": ["metadata": ["labels": ["app": "a"]], "spec": ["containers": .array(containers)]],
        ]
        spec["replicas"] = replicas
        return ["apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "a"], "spec": spec]
    }

    private func apply(_ test: TestServer, _ object: JSON, as manager: String, force: Bool = false) async throws -> JSON
    {
        let registry = test.server.registry
        var context = RequestContext(user: .system)
        context.fieldManager = manager
        context.isForced = force
        return try await registry.patch(
            registry.definition(.deployments),
            namespace: "default",
            name: "a",
            .apply,
            object,
            context
        )
    }

    @Test func `another manager's field is a conflict unless forced`() async throws {
        let test = try await TestServer()
        _ = try await apply(test, deployment(2), as: "one")
        let error = await #expect(throws: StatusError.self) { try await apply(test, deployment(3), as: "two") }
        #expect(error?.message == "Apply failed with 1 conflict: conflict with \"one\": .spec.replicas")
        let forced = try await apply(test, deployment(3), as: "two", force: true)
        #expect(forced["spec", "replicas"] == 3)
        // The first manager no longer owns it: it may say nothing about it.
        let first = try await apply(test, deployment(nil), as: "one")
        #expect(first["spec", "replicas"] == 3)
    }

    @Test func `what a manager no longer names goes`() async throws {
        let test = try await TestServer()
        _ = try await apply(test, deployment(2, extra: ["name": "b", "image": "b:1"]), as: "one")
        let result = try await apply(test, deployment(nil), as: "one")
        #expect(result["spec", "template", "spec", "containers"]?.array?.count == 1)
        #expect(result["spec", "replicas"] == 1)  // The default.
    }

    @Test func `a plain update takes fields over`() async throws {
        let test = try await TestServer()
        _ = try await apply(test, deployment(2), as: "one")
        _ = try await test.api.patch(
            .deployments,
            namespace: "default",
            name: "a",
            subresource: nil,
            .merge,
            ["spec": ["replicas": 5]]
        )
        let error = await #expect(throws: StatusError.self) { try await apply(test, deployment(2), as: "one") }
        #expect(error?.message.contains(".spec.replicas") == true)
    }

    @Test func `objects that nobody applies carry no record`() async throws {
        let test = try await TestServer()
        let made = try await test.api.create(.configMaps, namespace: "default", .configMap("a"))
        #expect(made["metadata", "managedFields"] == nil)
    }
}
