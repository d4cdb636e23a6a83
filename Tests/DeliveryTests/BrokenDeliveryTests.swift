import Base
import Discovery
import HTTP
import Synchronization
import Testing

/// Connections that end in the middle of a message.
@Suite(.timeLimit(.minutes(3))) struct BrokenDeliveryTests {
    static let names = (0..<2_000).map { ResourceName.address("10.200.\($0 >> 8).\($0 & 255)", port: 65_000) }

    /// - Parameter octets: After which the control plane's side is cut off.
    @Test(arguments: [4_000, 60_000, 120_000])
    func `nothing of a response is applied before it is whole, and the next stream brings what is missing`(
        octets: Int
    ) async throws {
        try await Mesh.run(endpoint: SocketAddress(.loopback, port: 1)) { mesh in
            let received = Mutex<[[ResourceName]]>([])
            let client = DiscoveryClient(
                node: NodeIdentity(address: "127.0.0.1", pod: "sleep-1", namespace: "full", version: "1"),
                transport: .init(
                    connect: { try await mesh.connect() },
                    metadata: { ["authorization": "Bearer sleep"] }
                ),
                apply: { update in received.withLock { $0.append(Array(update.changed.keys)) } }
            )
            client.subscribe(to: Self.names)
            mesh.relay.closeAfter(octets: octets)
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { await client.run() }
                try await eventually("the stream is cut off, and a new one refused") { mesh.relay.refused > 0 }
                let before = received.withLock { $0 }
                mesh.relay.open()
                try await eventually("all has come") {
                    received.withLock { $0.reduce(0) { $0 + $1.count } } >= Self.names.count + 3
                }
                let after = received.withLock { $0 }
                #expect(before.isEmpty && after.count == 1)
            }
        }
    }
}
