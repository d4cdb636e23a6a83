internal import Base
internal import CLinux
internal import EventLoop
internal import Glibc
internal import Kubernetes
internal import Network

/// A TCP connection made from within a pod's network namespace.
struct NamespaceConnection: PodConnection {
    private let connection: AsyncConnection

    /// Connects to `127.0.0.1:port` there.
    ///
    /// - Parameter namespacePath: nil means this machine's own network.
    static func connect(port: UInt16, namespacePath: String?) async throws -> NamespaceConnection {
        let target = SocketAddress(.loopback, port: port)
        guard let namespacePath else { return Self(connection: try await .connect(to: target)) }
        let descriptor = try await blocking { () throws -> CInt in
            // Only this thread changes its network, and it ends with this call.
            let namespace = OwnedDescriptor(
                adopting: try systemCall("open") { unsafe open(namespacePath, O_RDONLY | O_CLOEXEC) }
            )
            let raw = namespace.raw
            try systemCall("setns") { CLinux_enter_network(raw) }
            return try connectBlocking(target)
        }
        let socket = Socket(adopting: OwnedDescriptor(adopting: descriptor))
        return Self(connection: try AsyncConnection(adopting: socket))
    }

    /// A connection to a loopback address, which is made or refused at once.
    private static func connectBlocking(_ target: SocketAddress) throws(SystemError) -> CInt {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let owned = OwnedDescriptor(adopting: try systemCall("socket") { socket(AF_INET, type, 0) })
        let raw = owned.raw
        let address = CLinux_address(high: 0, low: target.ip.low, port: target.port, is6: 0)
        try systemCall("connect") { CLinux_connect(raw, address) }
        CLinux_set_nonblocking(raw)
        return owned.release()
    }

    func read(upTo limit: Int) async throws -> [UInt8] { try await connection.read(upTo: limit) }
    func write(_ bytes: [UInt8]) async throws { try await connection.write(bytes) }
    func shutdownWrite() async throws { try await connection.shutdownWrite() }
    func close() { connection.close() }
}
