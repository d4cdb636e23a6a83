import Base
import LabServer
import Network

@main struct Main {
    static func main() async throws {
        let home = CommandLine.arguments.dropFirst().first ?? "/tmp/server/home"
        let server = try await APIServer(directory: home)
        let listener = try server.listen(on: SocketAddress(.loopback, port: 7443))
        try Files.replace(home + "/kubeconfig", with: Array(server.adminKubeconfig(server: "https://\(listener.address)").utf8))
        print("ready")
        try await server.serve(listener)
    }
}
