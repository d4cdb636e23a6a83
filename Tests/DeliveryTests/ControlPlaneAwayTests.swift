import Base
import Discovery
import Kubernetes
import Network
import Synchronization
import TestKubernetes
import Testing

@testable import Proxy

@Suite(.timeLimit(.minutes(3))) struct ControlPlaneAwayTests {
    /// So that what nobody answers is given up before anybody has fallen asleep.
    static var limits: WorkerLimits {
        var limits = WorkerLimits()
        limits.onDemandTimeout = .milliseconds(100)
        return limits
    }

    @Test func `the last configuration serves while the control plane is away, and follows when it is back`()
        async throws
    {
        try await Stage.run { stage in
            let before = try await stage.client.get("httpbin:8000")
            try await stage.loseControlPlane()
            try await eventually("both have tried again in vain") { stage.mesh.relay.refused > 2 }
            let during = try await stage.client.get("httpbin:8000")
            #expect(during.status == 200 && during.body == before.body && during.body.contains("sa/sleep"))
            #expect(stage.client.state.missing.isEmpty)

            stage.mesh.api.put(.peerAuthentications, World.policy("STRICT"))
            let responses = stage.client.traffic.counts.responses
            stage.mesh.relay.open()
            try await eventually("the change has come") {
                guard case .inbound(let policy)? = stage.client.state.resources[.inbound] else { return false }
                return policy.otherMode == .strict
            }
            // What it had is not sent again.
            #expect(stage.client.traffic.counts.responses == responses + 1)
        }
    }

    @Test func `what is not known while the control plane is away is refused`() async throws {
        try await Stage.run(limits: Self.limits) { stage in
            // Its address is not known either, so that nothing is ever sent to it.
            try await stage.loseControlPlane()
            await #expect(throws: (any Error).self) { try await stage.client.get("httpbin:8000") }
            #expect(stage.server.traffic.counts.requests.isEmpty)
            stage.mesh.relay.open()
            try await eventually("it is known after all") {
                (try? await stage.client.get("httpbin:8000").status) == 200
            }
        }
    }

    @Test func `a new host on a known address is refused while the control plane is away`() async throws {
        try await Stage.run(limits: Self.limits) { stage in
            try await eventually("its address is known") { (try? await stage.client.get("httpbin:8000").status) == 200 }
            try await stage.loseControlPlane()
            let stranger = try await stage.client.get("stranger:8000")
            #expect(stranger.status == 503)
            #expect(!stage.client.state.resources.keys.contains(.host("stranger", port: 8000)))
        }
    }
}
