import Base
import Glibc
import JSON
import Kubernetes
import Testing

@testable import LabServer

@Suite struct StoreTests {
    /// The database as a crash at this moment would leave it.
    private func crashed(_ test: TestServer) throws -> (objects: [StorageKey: StoredObject], revision: Int64) {
        let image = "\(test.directory)/crashed.db"
        for suffix in ["", "-wal"] {
            try Files.replace(image + suffix, with: Files.read("\(test.directory)/state.db\(suffix)"))
        }
        defer { for suffix in ["", "-wal", "-shm"] { unsafe unlink(image + suffix) } }
        return try Database(path: image).load()
    }

    @Test func `what was acknowledged survives a crash`() async throws {
        let test = try await TestServer()
        // Many at a time share commits; each must still be its own.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    _ = try await test.api.create(.configMaps, namespace: "default", .configMap("c\(number)"))
                }
            }
            try await group.waitForAll()
        }
        let (objects, revision) = try crashed(test)
        let stored = objects.keys.filter { $0.resource == "/configmaps" && $0.namespace == "default" }
        #expect(stored.count == 200)
        #expect(revision == test.server.registry.store.index.revision)
        #expect(Set(objects.values.map(\.revision)).count == objects.count)
    }

    @Test func `whoever changes nothing is not answered before what he has seen is on the disk`() async throws {
        let test = try await TestServer()
        let store = test.server.registry.store
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    _ = try await test.api.create(.configMaps, namespace: "default", .configMap("c\(number)"))
                }
                group.addTask {
                    let seen = try await store.write { $0.revision }
                    #expect(store.index.revision >= seen)
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `a watch that begins too far back must list again`() async throws {
        let test = try await TestServer()
        let registry = test.server.registry
        let definition = try registry.definition(.configMaps)
        let all = try Selection(definition, namespace: nil, labelSelector: nil, fieldSelector: nil)
        let current = registry.store.index.revision
        let future = await #expect(throws: StatusError.self) {
            try await registry.watch(definition, all, resourceVersion: "\(current + 100)")
        }
        #expect(future?.isExpired == true)
        var log = ChangeLog(revision: 10, capacity: 2)
        let key = StorageKey(resource: "/configmaps", namespace: "", name: "a")
        log.append((11...20).map { Change(key: key, revision: $0, old: nil, new: nil) })
        #expect(log.changes(of: "/configmaps", after: 10) == nil)
        #expect(log.changes(of: "/configmaps", after: 18)?.map(\.revision) == [19, 20])
        #expect(log.changes(of: "/secrets", after: 18)?.isEmpty == true)
    }

    @Test func `pages of a list show one moment`() async throws {
        let test = try await TestServer()
        for name in ["a", "b", "c"] {
            _ = try await test.api.create(.secrets, namespace: "default", ["metadata": ["name": .string(name)]])
        }
        let registry = test.server.registry
        let definition = try registry.definition(.secrets)
        let all = try Selection(definition, namespace: "default", labelSelector: nil, fieldSelector: nil)
        let first = try registry.list(definition, all, limit: 2)
        #expect(first.items.map(\.metadata.name) == ["a", "b"] && first.remaining == 1)
        try await test.api.delete(.secrets, namespace: "default", name: "c", gracePeriodSeconds: nil)
        let second = try registry.list(definition, all, limit: 2, continueToken: first.continueToken)
        #expect(second.items.map(\.metadata.name) == ["c"] && second.continueToken == nil)
        #expect(second.resourceVersion == first.resourceVersion)
    }

    @Test func `a list of a version is that one's, or refused`() async throws {
        let test = try await TestServer()
        let registry = test.server.registry
        let definition = try registry.definition(.secrets)
        let all = try Selection(definition, namespace: nil, labelSelector: nil, fieldSelector: nil)
        let current = registry.store.index.revision
        func list(_ version: Int64, _ match: String = "") throws -> ListPage {
            try registry.list(definition, all, moment: ListMoment("\(version)", match: match))
        }
        #expect(try list(current, "Exact").resourceVersion == "\(current)")
        #expect(try list(1).resourceVersion == "\(current)" && list(1, "NotOlderThan").resourceVersion == "\(current)")
        #expect(throws: StatusError.self) { try list(1, "Exact") }.map { #expect($0.isExpired) }
        for match in ["", "NotOlderThan", "Exact"] {
            let error = #expect(throws: StatusError.self) { try list(current + 100, match) }
            #expect(error?.code == 504 && error?.message.contains("Too large resource version") == true)
        }
        for (version, match) in [
            ("x", ""), ("-1", ""), ("", "Exact"), ("0", "Exact"), ("", "NotOlderThan"), ("1", "Most"),
        ] {
            #expect(throws: StatusError.self) { try ListMoment(version, match: match) }
        }
    }

    @Test func `a write that fails changes nothing`() async throws {
        let test = try await TestServer()
        let before = test.server.registry.store.index.revision
        await #expect(throws: TestFailure.self) {
            try await test.server.registry.store.write { transaction in
                transaction.put(StorageKey(resource: "/configmaps", namespace: "default", name: "x"), [:])
                throw TestFailure()
            }
        }
        #expect(test.server.registry.store.index.revision == before)
    }

    @Test func `when the disk is full, writes are refused and reads go on`() async throws {
        let test = try await TestServer()
        let store = test.server.registry.store
        try await store.limitSize(pages: 1)
        let big = JSON.configMap("big", ["a": String(repeating: "x", count: 1 << 19)])
        let error = await #expect(throws: StatusError.self) {
            try await test.api.create(.configMaps, namespace: "default", big)
        }
        #expect(error?.code == 507)
        #expect(error?.message.contains("full") == true)
        #expect(try await test.api.get(.namespaces, namespace: nil, name: "default").kind == "Namespace")
        try await store.limitSize(pages: 100_000)
        _ = try await test.api.create(.configMaps, namespace: "default", big)
    }
}
