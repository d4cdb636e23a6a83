import Base
import HTTP
import JSON
import Kubernetes
import LabServer
import Network
import Testing
import YAML

/// A real API server of the lab on a port of its own, and its administrator's client.
private struct Cluster {
    let client: KubernetesClient

    static func run(_ body: @escaping @Sendable (Cluster) async throws -> Void) async throws {
        let directory = "/tmp/apus-client-test-\(UInt32.random(in: 0 ... .max))"
        try Files.makeDirectory(directory)
        let server = try await APIServer(directory: directory)
        let listener = try server.listen(on: SocketAddress(.loopback, port: 0))
        let text = try server.adminKubeconfig(server: "https://\(listener.address)")
        var kubeconfig = Kubeconfig()
        try kubeconfig.add(try YAML.value(text), path: "\(directory)/config")
        let client = try KubernetesClient(try kubeconfig.configuration())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await server.serve(listener)
                } catch {
                    if !Task.isCancelled { throw error }
                }
            }
            try await body(Cluster(client: client))
            group.cancelAll()
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct KubernetesClientTests {
    private func configMap(_ name: String, _ value: String = "1") -> JSON {
        [
            "metadata": ["name": .string(name), "labels": ["app": .string(name)]], "data": ["key": .string(value)],
        ]
    }

    @Test func `creates, reads, changes, patches and deletes`() async throws {
        try await Cluster.run { cluster in
            let client = cluster.client
            var object = try await client.create(.configMaps, namespace: "default", configMap("a"))
            #expect(object.kind == "ConfigMap" && !object.metadata.uid.isEmpty)
            object["data", "key"] = "2"
            let updated = try await client.update(.configMaps, namespace: "default", subresource: nil, object)
            #expect(updated["data", "key"] == "2")
            let patched = try await client.patch(
                .configMaps,
                namespace: "default",
                name: "a",
                subresource: nil,
                .merge,
                ["data": ["more": "3"]]
            )
            #expect(patched["data"] == ["key": "2", "more": "3"])
            let read = try await client.get(.configMaps, namespace: "default", name: "a")
            #expect(read["data"] == patched["data"])
            try await client.delete(.configMaps, namespace: "default", name: "a", gracePeriodSeconds: nil)
            let error = await #expect(throws: StatusError.self) {
                try await client.get(.configMaps, namespace: "default", name: "a")
            }
            #expect(error?.isNotFound == true && error?.message == "configmaps \"a\" not found")
        }
    }

    @Test func `the server's refusals keep their code and words`() async throws {
        try await Cluster.run { cluster in
            let object = try await cluster.client.create(.configMaps, namespace: "default", configMap("a"))
            let exists = await #expect(throws: StatusError.self) {
                try await cluster.client.create(.configMaps, namespace: "default", configMap("a"))
            }
            #expect(exists?.alreadyExists == true)
            _ = try await cluster.client.patch(
                .configMaps,
                namespace: "default",
                name: "a",
                subresource: nil,
                .merge,
                ["data": ["x": "y"]]
            )
            let conflict = await #expect(throws: StatusError.self) {
                try await cluster.client.update(.configMaps, namespace: "default", subresource: nil, object)
            }
            #expect(conflict?.isConflict == true)
        }
    }

    @Test func `lists in pages, whole objects, by labels`() async throws {
        try await Cluster.run { cluster in
            for number in 0..<12 {
                _ = try await cluster.client.create(.configMaps, namespace: "default", configMap("n\(number)"))
            }
            let all = try await cluster.client.list(
                .configMaps,
                namespace: "default",
                labelSelector: nil,
                fieldSelector: nil
            )
            #expect(all.items.count(where: { $0.metadata.name.hasPrefix("n") }) == 12)
            #expect(all.items.allSatisfy { $0.kind == "ConfigMap" && $0.apiVersion == "v1" })
            let some = try await cluster.client.list(
                .configMaps,
                namespace: nil,
                labelSelector: "app in (n1,n2)",
                fieldSelector: nil
            )
            #expect(some.items.map(\.metadata.name).sorted() == ["n1", "n2"])
        }
    }

    @Test func `an informer follows a real server`() async throws {
        try await Cluster.run { cluster in
            let informer = Informer(cluster.client, .configMaps, namespace: "default")
            let changes = informer.changes()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await informer.run() }
                await informer.waitUntilSynced()
                _ = try await cluster.client.create(.configMaps, namespace: "default", configMap("a"))
                func until(_ condition: (ObjectChange) -> Bool) async {
                    while let batch = await changes.next() { if batch.contains(where: condition) { return } }
                }
                await until { $0.key.name == "a" && $0.before == nil }
                _ = try await cluster.client.patch(
                    .configMaps,
                    namespace: "default",
                    name: "a",
                    subresource: nil,
                    .merge,
                    ["data": ["key": "9"]]
                )
                await until { $0.after?["data", "key"] == "9" }
                try await cluster.client.delete(.configMaps, namespace: "default", name: "a", gracePeriodSeconds: 0)
                await until { $0.key.name == "a" && $0.after == nil }
                group.cancelAll()
            }
        }
    }

    @Test func `other paths can be read too`() async throws {
        try await Cluster.run { cluster in
            let response = try await cluster.client.request("GET", "/version")
            let version = try JSON(parsing: try await response.collectBody())
            #expect(version["major"] == "1")
            let error = await #expect(throws: StatusError.self) { try await cluster.client.request("GET", "/nonsense") }
            #expect(error?.code == 404)
        }
    }

    @Test func `a server that is not the right one is not spoken to`() async throws {
        try await Cluster.run { cluster in
            var configuration = cluster.client.configuration
            configuration.rootsPEM = nil
            let stranger = try KubernetesClient(configuration)
            await #expect(throws: MeshError.self) {
                try await stranger.get(.namespaces, namespace: nil, name: "default")
            }
            configuration.credential = .token("nonsense")
            configuration.rootsPEM = cluster.client.configuration.rootsPEM
            let nobody = try KubernetesClient(configuration)
            let error = await #expect(throws: StatusError.self) {
                try await nobody.get(.namespaces, namespace: nil, name: "default")
            }
            #expect(error?.code == 401)
        }
    }
}
