import Discovery
import Kubernetes
import Mesh
import Testing

@testable import ControlPlane

@Suite struct ResourceCacheTests {
    private func workload(_ number: Int) -> Workload {
        Workload(pod: World.pod("job-\(number)", app: "job-\(number)", address: "10.244.1.\(number)"))
    }

    /// Whether the answer to `name` was made anew.
    private func makes(_ cache: inout ResourceCache, _ name: ResourceName, for workload: Workload) -> Bool {
        var isMade = false
        _ = cache.resource(name, for: workload) {
            isMade = true
            return nil
        }
        return isMade
    }

    @Test func `an answer is made once for pods with the same labels, and for each name`() {
        var cache = ResourceCache()
        let other = Workload(pod: World.pod("job-2", app: "job-1", address: "10.244.1.2"))
        #expect(makes(&cache, .host("a", port: 80), for: workload(1)))
        #expect(!makes(&cache, .host("a", port: 80), for: other))
        #expect(makes(&cache, .host("b", port: 80), for: other))
        #expect(makes(&cache, .host("a", port: 80), for: workload(3)))
    }

    @Test func `what pods were told that are gone is forgotten once they are many`() {
        var cache = ResourceCache()
        let (name, many) = (ResourceName.host("a", port: 80), ResourceCache.mostClients + 2)
        for number in 1...many { _ = makes(&cache, name, for: workload(number)) }
        cache.tidy(proxies: 1) { [] }
        #expect(!makes(&cache, name, for: workload(2)))
        _ = makes(&cache, name, for: workload(many + 1))
        cache.tidy(proxies: 1) { [workload(1)] }
        #expect(!makes(&cache, name, for: workload(1)))
        for number in 2...many { #expect(makes(&cache, name, for: workload(number))) }
    }

    @Test func `a client that asks for ever more names has all of them made anew at times`() {
        var cache = ResourceCache()
        let (client, first) = (workload(1), ResourceName.host("0", port: 80))
        for number in 0..<ResourceCache.mostNames {
            _ = cache.resource(.host("\(number)", port: 80), for: client) { nil }
        }
        #expect(!makes(&cache, first, for: client))
        #expect(makes(&cache, .host("one more", port: 80), for: client))
        #expect(makes(&cache, first, for: client))
    }
}
