import Base
import Discovery
import GRPC
import HTTP
import Identity
import JSON
import Kubernetes
import Network
import Synchronization
import TLS
import TestKubernetes
import Testing

@testable import ControlPlane

/// A real client of discovery that remembers what it was told.
final class RecordingProxy: Sendable {
    let client: DiscoveryClient
    private let updates: AsyncStream<DiscoveryUpdate>
    private let state: Mutex<[ResourceName: Resource]>

    init(_ pod: String, _ plane: RunningPlane, token: String?, identity: TLSIdentity? = nil) {
        let (updates, continuation) = AsyncStream<DiscoveryUpdate>.makeStream()
        self.updates = updates
        state = Mutex([:])
        client = DiscoveryClient(
            node: NodeIdentity(address: "10.244.0.5", pod: pod, namespace: "full", version: "1"),
            transport: DiscoveryClient.Transport(
                connect: { try await plane.connect(identity: identity) },
                metadata: { token.map { ["authorization": "Bearer \($0)"] } ?? [:] }
            )
        ) { update in
            continuation.yield(update)
        }
    }

    /// Waits until `condition` holds of what the proxy was told.
    func until(_ condition: ([ResourceName: Resource]) -> Bool) async {
        for await update in updates {
            let resources = state.withLock { resources in
                resources.merge(update.changed) { $1 }
                for name in update.removed { resources[name] = nil }
                return resources
            }
            if condition(resources) { return }
        }
    }
}
