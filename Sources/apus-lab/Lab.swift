import Base
import Glibc
import JSON
import Kubernetes
import LabNode
import LabServer
import Network

/// A cluster on this machine: the API server, the controllers and the node, in one process.
struct Lab: Sendable {
    let home: LabHome
    let port: UInt16
    /// Whether it runs in namespaces of its own, and the API server gets its socket from outside.
    var isInOwnMachine = false

    /// Runs until the process is asked to end.
    ///
    /// - Parameter ready: Called once, when the node is ready; false ends the cluster again.
    /// - Returns: Whether it was wanted.
    func run(ready: @escaping @Sendable () -> Bool) async throws -> Bool {
        let signals = Signals.termination()  // From now on they end the cluster in order, whatever it is about.
        let server = try await Self.server(home.server)
        let listener =
            isInOwnMachine
            ? try server.listen(adopting: OwnedDescriptor(adopting: UserMachine.listenerDescriptor))
            : try Self.listener(server, SocketAddress(.loopback, port: port))
        let node = Node(server.local, configuration)
        server.connect(node)
        try await node.prepare()
        // Pods reach the server through the node's address.
        let podListener = try Self.listener(server, SocketAddress(addresses.node, port: port))
        try await ClusterServices(server.local, addresses: addresses).ensure(serverPort: port)
        // What people have set with kubectl config set-context is there again after a crash.
        let namespace = (try? Kubeconfig.load(path: home.kubeconfig).configuration().namespace) ?? "default"
        let kubeconfig = try server.adminKubeconfig(server: "https://127.0.0.1:\(port)", namespace: namespace)
        try Files.replace(home.kubeconfig, with: Array(kubeconfig.utf8))
        let controllers = Controllers(
            server.local,
            resourceTypes: { server.resourceTypes },
            rootCertificate: server.rootCertificate
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve(listener) }
            group.addTask { try await server.serve(podListener) }
            group.addTask { try await server.maintain() }
            group.addTask { await controllers.run() }
            group.addTask { try await node.run() }
            group.addTask {
                try await Self.waitForNode(server.local)
                if !ready() { throw Stopped(isWanted: false) }
            }
            group.addTask { for await _ in signals { throw Stopped(isWanted: true) } }
            do {
                for try await _ in group {}
                return true
            } catch let stop as Stopped {
                group.cancelAll()  // The node ends the pods' containers before its task does.
                return stop.isWanted
            }
        }
    }

    private struct Stopped: Error { let isWanted: Bool }

    private var addresses: LabAddresses { configuration.addresses }

    var configuration: NodeConfiguration {
        var configuration = NodeConfiguration()
        configuration.stateDirectory = home.node
        configuration.hiddenPaths = [home.server, home.kubeconfig]
        return configuration
    }

    private static func server(_ directory: String) async throws -> APIServer {
        do {
            return try await APIServer(directory: directory)
        } catch {
            throw MeshError(.unavailable, "the API server cannot keep its objects in \(directory)", cause: error)
        }
    }

    private static func listener(_ server: APIServer, _ address: SocketAddress) throws -> AsyncListener {
        do {
            return try server.listen(on: address)
        } catch {
            throw cannotListen(on: address, error)
        }
    }

    static func cannotListen(on address: SocketAddress, _ cause: any Error) -> MeshError {
        let other = address.port == 7443 ? 8443 : 7443
        return MeshError(
            .unavailable,
            "the API server cannot listen on \(address): is another cluster using the port? Choose another one: apus-lab up --port \(other)",
            cause: cause
        )
    }

    private static func waitForNode(_ api: any KubernetesAPI) async throws {
        while true {
            let nodes = try await api.list(.nodes, namespace: nil, labelSelector: nil, fieldSelector: nil)
            let isReady = nodes.items.contains { node in
                (node["status", "conditions"]?.array ?? [])
                    .contains { $0["type"]?.string == "Ready" && $0["status"]?.string == "True" }
            }
            if isReady { return }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Takes away all that a lab of this home may have left on the machine.
    ///
    /// - Throws: When the cluster of another home is there.
    func removeTraces() async throws { try await Node.removeAll(configuration) }
}
