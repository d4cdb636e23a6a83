import JSON
import Kubernetes
import TestKubernetes
import Testing

@Suite(.timeLimit(.minutes(1))) struct InformerTests {
    private func pod(_ name: String, _ phase: String = "Running") -> JSON {
        ["metadata": ["namespace": "foo", "name": .string(name)], "status": ["phase": .string(phase)]]
    }

    /// Runs an informer beside `body`, and ends it afterwards.
    private func withInformer(
        _ api: InMemoryAPI,
        _ body: @Sendable (Informer, ChangeFeed) async throws -> Void
    ) async throws {
        let informer = Informer(api, .pods)
        let feed = informer.changes()
        try await withThrowingTaskGroup { group in
            group.addTask { await informer.run() }
            await informer.waitUntilSynced()
            try await body(informer, feed)
            group.cancelAll()
        }
    }

    @Test func `lists first, then follows`() async throws {
        let api = InMemoryAPI()
        api.put(.pods, pod("a"))
        try await withInformer(api) { informer, feed in
            #expect(await feed.next()?.map(\.key.name) == ["a"])
            #expect(informer.objects.count == 1)
            api.put(.pods, pod("b"))
            let added = try #require(await feed.next()?.first)
            #expect(added.before == nil && added.after?.metadata.name == "b")
            api.put(.pods, pod("b", "Failed"))
            let modified = try #require(await feed.next()?.first)
            #expect(modified.before?["status", "phase"] == "Running" && modified.after?["status", "phase"] == "Failed")
            api.remove(.pods, namespace: "foo", name: "b")
            let deleted = try #require(await feed.next()?.first)
            #expect(deleted.before != nil && deleted.after == nil)
            #expect(informer.object(namespace: "foo", name: "b") == nil)
        }
    }

    @Test func `resumes a watch that ends, without listing again and without losing anything`() async throws {
        let api = InMemoryAPI()
        try await withInformer(api) { informer, feed in
            for number in 0..<20 {
                api.put(.pods, pod("p\(number)"))
                api.endWatches()
                api.put(.pods, pod("q\(number)"))
                var seen: Set<String> = []
                while seen.count < 2 { seen.formUnion(await feed.next()?.map(\.key.name) ?? []) }
                #expect(seen == ["p\(number)", "q\(number)"])
            }
            #expect(api.counts.lists == 1)
        }
    }

    @Test func `lists again when the server no longer remembers, and reports what went missing`() async throws {
        let api = InMemoryAPI()
        api.put(.pods, pod("a"))
        api.put(.pods, pod("b"))
        try await withInformer(api) { informer, feed in
            #expect(await feed.next()?.count == 2)
            api.failNext(StatusError(code: 410, reason: "Expired", message: "too old resource version"))
            api.endWatches(throwing: StatusError(code: 410, reason: "Expired", message: "too old resource version"))
            api.remove(.pods, namespace: "foo", name: "a")
            let gone = try #require(await feed.next()?.first)
            #expect(gone.key.name == "a" && gone.after == nil)
            #expect(informer.objects.count == 1)
        }
    }

    @Test func `keeps what it knows while the server fails, and comes back`() async throws {
        let api = InMemoryAPI()
        api.put(.pods, pod("a"))
        try await withInformer(api) { informer, feed in
            #expect(await feed.next()?.count == 1)
            for _ in 0..<3 { api.failNext(StatusError(code: 503, reason: "ServiceUnavailable", message: "down")) }
            api.endWatches(throwing: StatusError(code: 503, reason: "ServiceUnavailable", message: "down"))
            #expect(informer.objects.count == 1)
            api.put(.pods, pod("b"))
            #expect(await feed.next()?.map(\.key.name) == ["b"])
            #expect(api.counts.lists == 1)
        }
    }

    @Test func `a list that fails at first is tried again`() async throws {
        let api = InMemoryAPI()
        api.failNext(StatusError(code: 500, reason: "InternalError", message: "oh"))
        api.put(.pods, pod("a"))
        try await withInformer(api) { informer, _ in #expect(informer.objects.count == 1) }
    }

    @Test func `a type that the server need not have is not waited for`() async throws {
        let api = InMemoryAPI()
        api.failNext(StatusError(code: 404, reason: "NotFound", message: "404 page not found"))
        let informer = Informer(api, .endpointSlices, isOptional: true)
        await withTaskGroup { group in
            group.addTask { await informer.run() }
            await informer.waitUntilSynced()
            #expect(informer.objects.isEmpty)
            group.cancelAll()
        }
    }

    @Test func `an end of the task ends the run and the wait`() async {
        let api = InMemoryAPI()
        let informer = Informer(api, .pods)
        let waiting = Task { await informer.waitUntilSynced() }
        waiting.cancel()
        await waiting.value
        let running = Task { await informer.run() }
        await informer.waitUntilSynced()
        running.cancel()
        await running.value
    }

    @Test func `does not keep managed fields`() async throws {
        let api = InMemoryAPI()
        api.put(.pods, ["metadata": ["name": "a", "managedFields": [[:]]]])
        try await withInformer(api) { informer, _ in
            #expect(informer.object(name: "a")?["metadata", "managedFields"] == nil)
        }
    }
}

@Suite struct ChangeFeedTests {
    private func change(_ name: String, _ before: JSON?, _ after: JSON?) -> ObjectChange {
        ObjectChange(type: .pods, key: ObjectKey(name: name), before: before, after: after)
    }

    @Test func `joins the changes of one object`() async {
        let feed = ChangeFeed()
        feed.append([change("a", nil, 1), change("b", nil, 1), change("a", 1, 2)])
        #expect(await feed.next() == [change("a", nil, 2), change("b", nil, 1)])
    }

    @Test func `does not tell of what came and went`() async {
        let feed = ChangeFeed()
        feed.append([change("a", nil, 1), change("a", 1, nil), change("b", 1, 2), change("b", 2, 1)])
        feed.finish()
        #expect(await feed.next() == nil)
    }

    @Test func `a cancelled consumer gets nil`() async {
        let feed = ChangeFeed()
        let task = Task { await feed.next() }
        task.cancel()
        #expect(await task.value == nil)
    }
}
