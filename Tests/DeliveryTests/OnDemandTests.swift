import Base
import Discovery
import Kubernetes
import TestKubernetes
import Testing

@testable import Proxy

@Suite(.timeLimit(.minutes(3))) struct OnDemandTests {
    static let httpbin = "httpbin.full.svc.cluster.local"

    @Test func `a sidecar never hears of a service that it does not call`() async throws {
        try await Stage.run { stage in
            let answer = try await stage.client.get("httpbin:8000")
            #expect(answer.status == 200)
            // Changes of others do not reach it, either: the one behind them is the next that does.
            let before = stage.client.traffic.counts
            for number in 0..<World.others {
                stage.mesh.api.put(.services, World.service("other\(number)", address: "10.96.2.\(number)"))
            }
            stage.mesh.api.put(.peerAuthentications, World.policy("STRICT"))
            try await eventually("the policy has come") {
                guard case .inbound(let policy)? = stage.client.state.resources[.inbound] else { return false }
                return policy.otherMode == .strict
            }
            let names = stage.client.state.resources.keys.map(\.description)
            #expect(!names.contains { $0.contains("other") || $0.contains("10.96.1.") || $0.contains("10.96.2.") })
            #expect(stage.client.traffic.counts.requests == before.requests)
            #expect(stage.client.traffic.counts.responses <= before.responses + 2)
        }
    }

    @Test(arguments: ["httpbin", "httpbin.full", "httpbin.full.svc", Self.httpbin])
    func `the first call to a service waits for one round trip, and the next for none`(host: String) async throws {
        try await Stage.run { stage in
            let before = stage.client.traffic.counts
            let first = try await stage.client.get("\(host):8000")
            #expect(first.status == 200 && first.body.contains("URI=spiffe://cluster.local/ns/full/sa/sleep"))
            var expected = before
            expected.requests.append(.address(World.serviceAddress.ip.description, port: 8000))
            expected.responses += 1
            #expect(stage.client.traffic.counts == expected)
            for other in ["httpbin:8000", "httpbin.full:8000", "\(Self.httpbin):8000"] {
                let status = try await stage.client.get(other).status
                #expect(status == 200)
            }
            #expect(stage.client.traffic.counts == expected)
        }
    }
}
