import JSON
import Kubernetes
import Testing

@testable import LabServer

@Suite struct RegistryTests {
    @Test func `a new object gets its identity`() async throws {
        let test = try await TestServer()
        let made = try await test.api.create(.configMaps, namespace: "default", .configMap("a", ["k": "v"]))
        #expect(made.metadata.namespace == "default")
        #expect(made.metadata.uid.utf8.count == 36)
        #expect(made.metadata.creationTimestamp != nil)
        #expect(Int64(made.metadata.resourceVersion) ?? 0 > 0)
        #expect(made.apiVersion == "v1" && made.kind == "ConfigMap")
        let read = try await test.api.get(.configMaps, namespace: "default", name: "a")
        #expect(read == made)
    }

    @Test func `a name is taken once`() async throws {
        let test = try await TestServer()
        _ = try await test.api.create(.configMaps, namespace: "default", .configMap("a"))
        let error = await #expect(throws: StatusError.self) {
            try await test.api.create(.configMaps, namespace: "default", .configMap("a"))
        }
        #expect(error?.alreadyExists == true)
        #expect(error?.message == "configmaps \"a\" already exists")
    }

    @Test func `an update that names an old version is refused`() async throws {
        let test = try await TestServer()
        let first = try await test.api.create(.configMaps, namespace: "default", .configMap("a", ["k": "1"]))
        var second = first
        second["data", "k"] = "2"
        second = try await test.api.update(.configMaps, namespace: "default", subresource: nil, second)
        #expect(second.metadata.resourceVersion != first.metadata.resourceVersion)
        let error = await #expect(throws: StatusError.self) {
            var late = first
            late["data", "k"] = "3"
            return try await test.api.update(.configMaps, namespace: "default", subresource: nil, late)
        }
        #expect(error?.isConflict == true)
    }

    @Test func `an update that changes nothing keeps the version`() async throws {
        let test = try await TestServer()
        let first = try await test.api.create(.configMaps, namespace: "default", .configMap("a", ["k": "1"]))
        let again = try await test.api.update(.configMaps, namespace: "default", subresource: nil, first)
        #expect(again == first)
    }

    @Test func `an object with finalizers stays until they are gone`() async throws {
        let test = try await TestServer()
        var object = JSON.configMap("a")
        object["metadata", "finalizers"] = ["example.com/hold"]
        _ = try await test.api.create(.configMaps, namespace: "default", object)
        try await test.api.delete(.configMaps, namespace: "default", name: "a", gracePeriodSeconds: nil)
        let held = try await test.api.get(.configMaps, namespace: "default", name: "a")
        #expect(held.metadata.isBeingDeleted)
        _ = try await test.api.patch(
            .configMaps,
            namespace: "default",
            name: "a",
            subresource: nil,
            .merge,
            ["metadata": ["finalizers": .null]]
        )
        await #expect(throws: StatusError.self) {
            try await test.api.get(.configMaps, namespace: "default", name: "a")
        }
    }

    @Test func `selectors choose what is listed`() async throws {
        let test = try await TestServer()
        for (name, app) in [("a", "x"), ("b", "y"), ("c", "x")] {
            let object = JSON.configMap(name, labels: ["app": app])
            _ = try await test.api.create(.configMaps, namespace: "default", object)
        }
        func names(_ labels: String?, _ fields: String?) async throws -> [String] {
            try await test.api.list(.configMaps, namespace: nil, labelSelector: labels, fieldSelector: fields)
                .items.map(\.metadata.name)
        }
        #expect(try await names("app=x", nil) == ["a", "c"])
        #expect(try await names("app!=x", "metadata.namespace=default") == ["b"])
        #expect(try await names(nil, "metadata.name=b") == ["b"])
        await #expect(throws: StatusError.self) { try await names(nil, "spec.color=red") }
    }

    @Test func `a watch goes on where a list ended`() async throws {
        let test = try await TestServer()
        let list = try await test.api.list(
            .configMaps,
            namespace: "default",
            labelSelector: nil,
            fieldSelector: nil
        )
        _ = try await test.api.create(.configMaps, namespace: "default", .configMap("before", labels: ["a": "1"]))
        let watch = try await test.api.watch(
            .configMaps,
            namespace: "default",
            resourceVersion: list.resourceVersion,
            labelSelector: "a=1",
            fieldSelector: nil
        )
        var events = watch.makeAsyncIterator()
        guard case .added(let object) = try await events.next() else { throw TestFailure() }
        #expect(object.metadata.name == "before")
        // Leaving the selection is a deletion to this watch.
        _ = try await test.api.patch(
            .configMaps,
            namespace: "default",
            name: "before",
            subresource: nil,
            .merge,
            ["metadata": ["labels": ["a": "2"]]]
        )
        guard case .deleted = try await events.next() else { throw TestFailure() }
    }

    @Test func `a service gets an address, and no other has it`() async throws {
        let test = try await TestServer()
        let ports: JSON = [["port": 80]]
        let service = try await test.api.create(
            .services,
            namespace: "default",
            ["metadata": ["name": "a"], "spec": ["ports": ports]]
        )
        let address = try #require(service["spec", "clusterIP"]?.string)
        #expect(address.hasPrefix("10.96."))
        let error = await #expect(throws: StatusError.self) {
            try await test.api.create(
                .services,
                namespace: "default",
                ["metadata": ["name": "b"], "spec": ["clusterIP": .string(address), "ports": ports]]
            )
        }
        #expect(error?.code == 422)
    }

    @Test func `a deployment of extensions v1beta1 is one of apps v1`() async throws {
        let test = try await TestServer()
        let template: JSON = [
            "metadata": ["labels": ["app": "a"]], "spec": ["containers": [["name": "a", "image": "a:1"]]],
        ]
        let old: JSON = [
            "apiVersion": "extensions/v1beta1", "kind": "Deployment", "metadata": ["name": "a"],
            "spec": ["template": template],
        ]
        _ = try await test.api.create(.oldDeployments, namespace: "default", old)
        let new = try await test.api.get(.deployments, namespace: "default", name: "a")
        #expect(new.apiVersion == "apps/v1")
        #expect(new["spec", "selector", "matchLabels", "app"] == "a")
    }
}

struct TestFailure: Error {}
