import Base
import EventLoop
import Synchronization
import Testing

@testable import Proxy

@Suite struct NameCacheTests {
    /// What names resolve to, counted; a name that it does not know waits until ``release()``.
    private final class Zone: Sendable {
        private let state = Mutex<(asked: [String], waiting: [CheckedContinuation<Void, Never>], isOpen: Bool)>(
            ([], [], false)
        )
        let answers: [String: [IPAddress]]

        init(_ answers: [String: [IPAddress]]) { self.answers = answers }

        var asked: [String] { state.withLock { $0.asked } }

        func lookUp(_ name: String) async throws -> [IPAddress] {
            state.withLock { $0.asked.append(name) }
            if let known = answers[name] { return known }
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
            throw MeshError(.notFound, "no such host: \(name)")
        }

        func release() {
            let waiting = state.withLock { state in
                defer { state.waiting = [] }
                state.isOpen = true
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    /// Asks for names one after the other, each when the answer before has come, and notes the answers.
    private final class Asker: NameWaiter {
        private let cache: NameCache
        private var names: [String]
        private(set) var answers: [String] = []
        private let finish: ([String]) -> Void

        init(_ cache: NameCache, _ names: [String], finish: @escaping ([String]) -> Void) {
            (self.cache, self.names, self.finish) = (cache, names, finish)
        }

        func nameArrived() {
            while let name = names.first {
                switch cache.addresses(of: name, for: self) {
                case .unknownYet: return
                case .addresses(let addresses): answers.append(addresses.map(\.description).joined(separator: " "))
                case .failure(let reason): answers.append(reason)
                case .overflow: answers.append("overflow")
                }
                names.removeFirst()
            }
            finish(answers)
        }
    }

    /// Runs `body` with a cache on its loop, until `finish` is called with a result.
    private func run(
        _ zone: Zone,
        _ body: @escaping @Sendable (NameCache, @escaping ([String]) -> Void) -> [AnyObject]
    ) async throws -> [String] {
        let thread = try EventLoopThread(name: "names") { loop in
            Kept(NameCache(loop, patience: .seconds(600)) { [zone] in try await zone.lookUp($0) })
        }
        defer { thread.stopAndJoin() }
        return await withCheckedContinuation { continuation in
            thread.submit { kept in
                kept.objects = body(kept.cache) { continuation.resume(returning: $0) }
            }
        }
    }

    private final class Kept {
        let cache: NameCache
        var objects: [AnyObject] = []

        init(_ cache: NameCache) { self.cache = cache }
    }

    private func answers(_ zone: Zone, to names: String...) async throws -> [String] {
        try await run(zone) { [names] cache, finish in
            let asker = Asker(cache, names, finish: finish)
            asker.nameArrived()
            return [asker]
        }
    }

    @Test func `a name is looked up once, and its answer kept`() async throws {
        let zone = Zone([
            "a.example": [try #require(IPAddress("198.51.100.1")), try #require(IPAddress("198.51.100.2"))]
        ])
        let answers = try await answers(zone, to: "a.example", "a.example", "a.example")
        #expect(answers == Array(repeating: "198.51.100.1 198.51.100.2", count: 3))
        #expect(zone.asked == ["a.example"])
    }

    @Test func `addresses that no name may lead to are left out, or are all there is`() async throws {
        let (good, bad) = (try #require(IPAddress("198.51.100.1")), try #require(IPAddress("::ffff:127.0.0.1")))
        let zone = Zone(["both.example": [bad, good], "bad.example": [bad], "none.example": []])
        let answers = try await answers(zone, to: "both.example", "bad.example", "none.example")
        #expect(
            answers == [
                "198.51.100.1", "bad.example: ::ffff:127.0.0.1 is a loopback address", "none.example has no address",
            ]
        )
    }

    @Test func `IPv6 is left out where there is IPv4`() async throws {
        let (four, six) = (try #require(IPAddress("198.51.100.1")), try #require(IPAddress("2001:db8:1234::1")))
        let zone = Zone(["both.example": [six, four], "six.example": [six]])
        #expect(try await answers(zone, to: "both.example", "six.example") == ["198.51.100.1", "2001:db8:1234::1"])
    }

    @Test func `all who wait for one lookup are told`() async throws {
        let zone = Zone([:])
        let answers = try await run(zone) { cache, finish in
            var all: [String] = []
            let askers = (0..<3).map { _ in
                Asker(cache, ["slow.example"]) { answers in
                    all += answers
                    if all.count == 3 { finish(all) }
                }
            }
            for asker in askers { asker.nameArrived() }
            zone.release()
            return askers
        }
        #expect(zone.asked == ["slow.example"] && answers.count == 3)
        #expect(answers.allSatisfy { $0.contains("no such host: slow.example") })
    }

    @Test func `lookups at once are bounded`() async throws {
        let zone = Zone([:])
        let answers = try await run(zone) { cache, finish in
            let askers = (0..<NameCache.mostLookups).map { Asker(cache, ["\($0).example"]) { _ in } }
            for asker in askers { asker.nameArrived() }
            let last = Asker(cache, ["last.example"], finish: finish)
            last.nameArrived()
            zone.release()
            return askers + [last]
        }
        #expect(answers == ["overflow"] && !zone.asked.contains("last.example"))
    }

    @Test func `names are bounded`() async throws {
        let names = (0..<NameCache.mostNames * 2).map { "\($0).example" }
        let address = try #require(IPAddress("198.51.100.1"))
        let zone = Zone(Dictionary(uniqueKeysWithValues: names.map { ($0, [address]) }))
        let counts = try await run(zone) { [names] cache, finish in
            let asker = Asker(cache, names) { _ in finish([String(cache.count)]) }
            asker.nameArrived()
            return [asker]
        }
        #expect(try #require(Int(counts[0])) <= NameCache.mostNames)
    }
}
