import Base
import Discovery
import JSON
import Kubernetes
import Synchronization
import TestKubernetes
import Testing

@testable import ControlPlane

/// A store on an API in memory, and what it told.
private final class Bench: Sendable {
    let api: InMemoryAPI
    let store: CredentialStore
    let counters = Counters()
    /// What the API server was asked about access.
    let reviews: Reviews
    private let woken = Mutex<[Int]>([])

    final class Reviews: Sendable {
        private let asked = Mutex<[JSON]>([])
        var all: [JSON] { asked.withLock { $0 } }
        func add(_ review: JSON) { asked.withLock { $0.append(review) } }
    }

    private init(allowed: Set<String>) {
        let reviews = Reviews()
        self.reviews = reviews
        api = InMemoryAPI { type, object in
            guard type == .subjectAccessReviews else { return nil }
            reviews.add(object)
            return ["status": ["allowed": .bool(allowed.contains(object["spec", "user"]?.string ?? ""))]]
        }
        store = CredentialStore(api: api, counters: counters)
    }

    static let gateway = SecretAccess.Account(namespace: "edge", name: "gateway")

    static func run(
        allowed: Set<String> = ["system:serviceaccount:edge:gateway"],
        _ body: (Bench) async throws -> Void
    ) async throws {
        let bench = Bench(allowed: allowed)
        let work = Task { await bench.store.run { numbers in bench.woken.withLock { $0 += numbers.sorted() } } }
        defer { work.cancel() }
        try await body(bench)
    }

    func put(_ name: String, _ data: [String: String], namespace: String = "edge") {
        let encoded = data.mapValues { Base64.encode(Array($0.utf8)) }
        api.put(
            .secrets,
            [
                "metadata": ["name": .string(name), "namespace": .string(namespace)], "type": "Opaque",
                "data": .strings(encoded),
            ]
        )
    }

    /// What ``Counters`` has for Secrets of no use.
    var credentialErrors: Int? { counters.all.first { $0.name == "pilot_sds_certificate_errors_total" }?.value }

    /// Waits for `condition`, which something under way must bring about.
    func until(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !condition() {
            if ContinuousClock.now > deadline { throw MeshError(.timedOut, "what was waited for did not come") }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// The answer, asked for by a proxy for as long as it is told to ask later.
    func answer(_ text: String, proxy: Int = 1, _ account: SecretAccess.Account = gateway) async throws -> Credential {
        let question = CredentialStore.Question(text: text, account: account)
        store.proxy(proxy, asksAlso: question)
        var answer = Credential()
        try await until {
            guard case .credential(let credential, _) = store.answer(question) else { return false }
            answer = credential
            return true
        }
        return answer
    }

    /// Asks until the answer is as it should be.
    func eventually(_ text: String, proxy: Int = 1, _ condition: (Credential) -> Bool) async throws {
        try await until { condition(try await answer(text, proxy: proxy)) }
    }

    /// Who has been told since the last time, once all of `expected` are: an answer may be there before it is told.
    func told(_ expected: Set<Int>) async throws -> Set<Int> {
        try await until { woken.withLock { expected.isSubset(of: $0) } }
        return woken.withLock { woken in
            defer { woken = [] }
            return Set(woken)
        }
    }
}

@Suite struct CredentialStoreTests {
    @Test func `a proxy gets the Secret that it names`() async throws {
        try await Bench.run { bench in
            bench.put("site", ["tls.crt": "C", "tls.key": "K"])
            let credential = try await bench.answer("site")
            #expect(credential.certificatesPEM == "C" && credential.keyPEM == "K" && credential.problem.isEmpty)
            let answer1 = try await bench.answer("kubernetes://edge/site")
            #expect(answer1 == credential)
        }
    }

    @Test func `the API server is asked whether the account may list Secrets, once for all names`() async throws {
        try await Bench.run { bench in
            bench.put("site", ["cert": "C", "key": "K"])
            _ = try await bench.answer("site")
            _ = try await bench.answer("other")
            let reviews = bench.reviews.all
            #expect(reviews.count == 1)
            #expect(
                reviews.first?["spec", "resourceAttributes"]
                    == ["namespace": "edge", "verb": "list", "resource": "secrets"]
            )
            #expect(reviews.first?["spec", "groups"]?.array?.contains("system:serviceaccounts:edge") == true)
        }
    }

    @Test func `without the right there is no key, and the remedy is told`() async throws {
        try await Bench.run(allowed: []) { bench in
            bench.put("site", ["cert": "C", "key": "K"])
            let credential = try await bench.answer("site")
            #expect(credential.keyPEM.isEmpty && credential.certificatesPEM.isEmpty)
            #expect(
                credential.problem
                    == "service account edge/gateway is not authorized to read secrets in namespace edge: give it a Role "
                    + "with get, watch and list of secrets"
            )
        }
    }

    @Test func `roots need no right, and have no key with them`() async throws {
        try await Bench.run(allowed: []) { bench in
            bench.put("site", ["tls.crt": "C", "tls.key": "K", "ca.crt": "A"])
            let credential = try await bench.answer("site-cacert")
            #expect(credential.rootsPEM == "A" && credential.keyPEM.isEmpty && credential.certificatesPEM.isEmpty)
            #expect(bench.reviews.all.isEmpty)
        }
    }

    @Test func `a Secret for the roots alone goes before the one of the certificate`() async throws {
        try await Bench.run { bench in
            bench.put("site", ["cert": "C", "key": "K", "cacert": "A"])
            bench.put("site-cacert", ["cacert": "B", "crl": "R"])
            let credential = try await bench.answer("site-cacert")
            #expect(credential.rootsPEM == "B" && credential.revocationsPEM == "R")
            bench.api.remove(.secrets, namespace: "edge", name: "site-cacert")
            try await bench.eventually("site-cacert") { $0.rootsPEM == "A" }
        }
    }

    @Test func `what is not there is named, also in a namespace without any`() async throws {
        try await Bench.run { bench in
            let answer2 = try await bench.answer("site")
            #expect(answer2.problem == "secret edge/site not found")
            let answer3 = try await bench.answer("site-cacert")
            #expect(answer3.problem == "secret edge/site-cacert not found")
            let answer4 = try await bench.answer("configmap://edge/roots")
            #expect(answer4.problem == "configmap edge/roots not found")
        }
    }

    @Test func `another namespace's Secret is given to nobody`() async throws {
        try await Bench.run { bench in
            bench.put("site", ["cert": "C", "key": "K"], namespace: "other")
            for text in ["kubernetes://other/site", "kubernetes-gateway://other/site", "site"] {
                let credential = try await bench.answer(text)
                #expect(credential.keyPEM.isEmpty && !credential.problem.isEmpty)
            }
        }
    }

    @Test func `roots may be in a ConfigMap`() async throws {
        try await Bench.run { bench in
            bench.api.put(
                .configMaps,
                ["metadata": ["name": "roots", "namespace": "edge"], "data": ["ca.crt": "A"]]
            )
            let answer5 = try await bench.answer("configmap://edge/roots")
            #expect(answer5.rootsPEM == "A")
        }
    }

    @Test func `a change is told to those who use the Secret, and to nobody else`() async throws {
        try await Bench.run { bench in
            bench.put("site", ["cert": "C", "key": "K"])
            bench.put("other", ["cert": "C", "key": "K"])
            _ = try await bench.answer("site", proxy: 1)
            _ = try await bench.answer("other", proxy: 2)
            _ = try await bench.answer("site-cacert", proxy: 3)
            // The third gets its answer at once.
            _ = try await bench.told([1, 2])
            try await bench.until { bench.store.state.withLock { $0.underWay.isEmpty } }
            _ = try await bench.told([])
            bench.put("site", ["cert": "D", "key": "K"])
            try await bench.eventually("site", proxy: 1) { $0.certificatesPEM == "D" }
            #expect(try await bench.told([1, 3]) == [1, 3])
            // Nobody uses this one.
            bench.put("unused", ["cert": "C", "key": "K"])
            bench.put("other", ["cert": "E", "key": "K"])
            try await bench.eventually("other", proxy: 2) { $0.certificatesPEM == "E" }
            #expect(try await bench.told([2]) == [2])
        }
    }

    @Test func `a Secret that comes, goes and comes back is followed all the way`() async throws {
        try await Bench.run { bench in
            _ = try await bench.answer("site")
            bench.put("site", ["cert": "C", "key": "K"])
            try await bench.eventually("site") { $0.certificatesPEM == "C" }
            bench.api.remove(.secrets, namespace: "edge", name: "site")
            try await bench.eventually("site") { $0.problem == "secret edge/site not found" }
            bench.put("site", ["cert": "D", "key": "K"])
            try await bench.eventually("site") { $0.certificatesPEM == "D" }
        }
    }

    @Test func `of what nobody names only the name is kept`() async throws {
        let api = InMemoryAPI()
        for name in ["site", "private"] {
            api.put(
                .secrets,
                [
                    "metadata": ["name": .string(name), "namespace": "edge", "labels": ["a": "b"]],
                    "data": ["key": "S2V5"],
                ]
            )
        }
        let objects = NamedObjects(api, .secrets, namespace: "edge")
        _ = objects.look(up: "site")
        let work = Task { await objects.run(reportingTo: ChangeFeed()) }
        defer { work.cancel() }
        await objects.waitUntilSynced()
        let held =
            "\(Mirror(reflecting: objects).descendant("informer").map { ($0 as? Informer)?.objects ?? [] } ?? [])"
        #expect(held.components(of: "S2V5") == 1)
        // What is named later has to be read once.
        guard case .unknown = objects.look(up: "private") else { throw MeshError(.notFound, "it was kept after all") }
        #expect(objects.needsFetching("private"))
        objects.fetched("private", try await api.get(.secrets, namespace: "edge", name: "private"))
        guard case .present(let object) = objects.look(up: "private") else { throw MeshError(.notFound, "private") }
        #expect(object["data"] == ["key": "S2V5"])
        // And what is not named any more is forgotten.
        objects.keepOnly([])
        let left =
            "\(Mirror(reflecting: objects).descendant("informer").map { ($0 as? Informer)?.objects ?? [] } ?? [])"
        #expect(left.components(of: "S2V5") == 0)
    }

    @Test func `a Secret that was asked for late is whole, also after others are asked for no more`() async throws {
        try await Bench.run { bench in
            bench.put("before", ["cert": "B", "key": "K"])
            bench.put("after", ["cert": "A", "key": "K"])
            _ = try await bench.answer("before")
            let first = try await bench.answer("after")
            bench.store.proxy(1, asks: [CredentialStore.Question(text: "after", account: Bench.gateway)])
            let second = try await bench.answer("after")
            #expect(first.certificatesPEM == "A" && second == first)
        }
    }

    @Test func `a namespace is followed for as long as somebody asks`() async throws {
        try await Bench.run { bench in
            bench.put("site", ["cert": "C", "key": "K"])
            _ = try await bench.answer("site", proxy: 1)
            _ = try await bench.answer("site", proxy: 2)
            bench.store.proxyLeft(1)
            #expect(bench.api.openWatches == 1)
            bench.store.proxyLeft(2)
            try await bench.until { bench.api.openWatches == 0 }
        }
    }

    @Test func `who asks after another one left before the first list is told when it comes`() async throws {
        try await Bench.run { bench in
            bench.api.failNext(MeshError(.unavailable, "not now"))
            let question = CredentialStore.Question(text: "configmap://edge/roots", account: Bench.gateway)
            bench.store.proxy(1, asksAlso: question)
            #expect(bench.store.answer(question) == .later)
            try await bench.until { bench.api.counts.lists > 0 }
            bench.store.proxyLeft(1)
            let answer = try await bench.answer(question.text, proxy: 2)
            #expect(answer.problem == "configmap edge/roots not found")
            #expect(try await bench.told([2]) == [2])
        }
    }

    @Test func `a Secret in use that is of no use is counted once, however often it is read`() async throws {
        try await Bench.run { bench in
            for name in ["site", "late", "unused"] { bench.put(name, ["cert": "C", "key": "K"]) }
            _ = try await bench.answer("site", proxy: 1)
            _ = try await bench.answer("site", proxy: 2)
            #expect(bench.credentialErrors == 1)
            // The watch had passed it by.
            _ = try await bench.answer("late", proxy: 1)
            #expect(bench.credentialErrors == 2)
            bench.put("site", ["cert": "D", "key": "K"])
            try await bench.eventually("site") { $0.certificatesPEM == "D" }
            #expect(bench.credentialErrors == 2)
        }
    }

    @Test func `an answer about access counts for a while, a no for less`() {
        var access = SecretAccess()
        let (now, account) = (ContinuousClock.now, Bench.gateway)
        #expect(access.isAllowed(account, now: now) == nil)
        let isFirstNew = access.answered(account, isAllowed: false, now: now)
        #expect(access.isAllowed(account, now: now + .seconds(59)) == false)
        #expect(access.isAllowed(account, now: now + .seconds(61)) == nil)
        let isOtherNew = access.answered(account, isAllowed: true, now: now)
        let isSameNew = access.answered(account, isAllowed: true, now: now)
        #expect(isFirstNew && isOtherNew && !isSameNew)
        #expect(access.isAllowed(account, now: now + .seconds(299)) == true)
        #expect(access.isAllowed(account, now: now + .seconds(301)) == nil)
    }
}

extension String {
    fileprivate func components(of part: String) -> Int {
        var (count, rest) = (0, self[...])
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
