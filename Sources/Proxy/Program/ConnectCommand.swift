internal import Base
internal import Glibc
internal import Network

/// `apus-proxy connect [--check] <host>:<port>`: carries bytes between its standard streams and a server.
///
/// So that a program elsewhere can see a server as this pod does. The proxy's own user is not redirected, so this is the
/// server itself, without the sidecar in between.
struct ConnectCommand {
    private let server: HostPort
    private let isCheck: Bool

    init(_ arguments: [String]) throws(MeshError) {
        let words = arguments.filter { $0 != "--check" }
        guard words.count == 1, let server = HostPort(words[0]) else {
            throw MeshError(.invalidConfiguration, "usage: apus-proxy connect [--check] <host>:<port>")
        }
        self.server = server
        isCheck = arguments.contains("--check")
    }

    func run() async throws -> Int32 {
        let server = try await AsyncConnection.connect(host: server.host, port: server.port)
        defer { server.close() }
        if isCheck {
            print(server.peer)
            return 0
        }
        let input = try Self.pipe(0)
        let output = try Self.pipe(1)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while case let bytes = try await input.read(), !bytes.isEmpty { try await server.write(bytes) }
                try await server.shutdownWrite()
            }
            group.addTask {
                while case let bytes = try await server.read(), !bytes.isEmpty { try await output.write(bytes) }
                // The client may never end its side: what the server has said is all there is.
                throw CancellationError()
            }
            do {
                try await group.waitForAll()
            } catch {
                // Whichever side ended, or broke: the other has nobody left to speak to.
                group.cancelAll()
            }
        }
        return 0
    }

    private static func pipe(_ descriptor: CInt) throws -> AsyncPipe {
        let copy = try systemCall("dup") { fcntl(descriptor, F_DUPFD_CLOEXEC, 3) }
        return AsyncPipe(adopting: OwnedDescriptor(adopting: copy), name: descriptor == 0 ? "input" : "output")
    }
}
