internal import Base
internal import EventLoop

/// Keeps nodes of the same names off a machine for as long as it lives: those of their bridges, packet filters and control
/// groups.
///
/// A socket's name in the abstract namespace, which is one for each network namespace, as those names are, and which no
/// process can leave behind.
final class NodeLock: Sendable {
    private let socket: Socket

    private init(_ socket: consuming Socket) { self.socket = socket }

    /// - Throws: ``MeshError`` `unavailable` when another node is on the machine, and does not go within two seconds.
    static func hold(_ addresses: LabAddresses) async throws -> NodeLock {
        let deadline = ContinuousClock.now + .seconds(2)
        while true {
            do {
                return NodeLock(try Socket.listening(onPath: "@lab-node-\(addresses.prefix)"))
            } catch {
                guard ContinuousClock.now < deadline else {
                    throw MeshError(
                        .unavailable,
                        "the cluster of another APUS_LAB_HOME runs on this machine, whose network has the same names: end that one first, with apus-lab down and its APUS_LAB_HOME",
                        cause: error
                    )
                }
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
