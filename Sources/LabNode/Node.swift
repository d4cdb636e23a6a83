internal import Base
internal import CLinux
internal import Glibc
internal import JSON
public import Kubernetes
internal import Synchronization

/// The one node of the lab: runs the pods that are bound to it.
public final class Node: Sendable {
    let context: NodeContext
    private let services: ServiceNetwork
    private let workers = Mutex<[ObjectKey: PodWorker]>([:])
    private let lock = Mutex<NodeLock?>(nil)
    private let log = Log("node")

    public init(_ api: any KubernetesAPI, _ configuration: NodeConfiguration) {
        context = NodeContext(api, configuration)
        services = ServiceNetwork(api, configuration)
    }

    /// Clears away what an earlier run left, and makes the pods' network.
    ///
    /// - Throws: ``MeshError`` when a program is missing, or this process may not do what a node has to.
    public func prepare() async throws {
        try Self.checkPrograms()
        let lock = try await NodeLock.hold(context.configuration.addresses)
        self.lock.withLock { $0 = lock }
        _ = CLinux_become_subreaper()
        await Self.removeLeftovers(context.configuration)
        try Files.makeDirectory(context.configuration.stateDirectory, mode: 0o711)
        try Files.makeDirectory(context.configuration.containerState, mode: 0o700)
        try await context.network.begin()
        try await services.begin()
    }

    /// Says which Debian package is missing, before anything fails for want of it.
    private static func checkPrograms() throws {
        guard getuid() == 0 else {
            throw MeshError(
                .unavailable,
                "the node makes network namespaces and mounts, which takes root: start apus-lab with sudo"
            )
        }
        for (program, package) in [("runc", "runc"), ("ip", "iproute2"), ("nft", "nftables")] {
            let directories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
            guard directories.contains(where: { Files.exists("\($0)/\(program)") }) else {
                throw MeshError(.notFound, "the program \(program) is missing: apt-get install \(package)")
            }
        }
    }

    /// Takes away every container, mount, namespace, link and control group of a node, and its pods' logs and volumes.
    ///
    /// - Throws: ``MeshError`` `unavailable`, with nothing taken away, when another node runs on the machine.
    public static func removeAll(_ configuration: NodeConfiguration) async throws {
        let lock = try await NodeLock.hold(configuration.addresses)
        defer { withExtendedLifetime(lock) {} }
        await removeLeftovers(configuration)
        await ServiceNetwork.end(configuration.addresses)
        await PodNetwork.end(configuration.addresses, forwardingRecord: configuration.forwardingRecord)
        FilePath.removeTree(configuration.stateDirectory)
        FilePath.removeTree(configuration.runtimeDirectory)
    }

    private static func removeLeftovers(_ configuration: NodeConfiguration) async {
        await ContainerRuntime(stateDirectory: configuration.containerState).deleteAll()
        for path in mountPoints(below: configuration.stateDirectory) { unmount(path) }
        FilePath.removeTree("\(configuration.stateDirectory)/pods")
        Cgroups.remove(configuration.addresses.cgroup)
    }

    func worker(_ namespace: String, _ pod: String) throws -> PodWorker {
        guard let worker = workers.withLock({ $0[ObjectKey(namespace: namespace, name: pod)] }) else {
            throw StatusError(
                code: 404,
                reason: "NotFound",
                message: "pod \"\(pod)\" in namespace \"\(namespace)\" is not on this node"
            )
        }
        return worker
    }

    /// Runs pods and their network until the task is cancelled, then ends all containers.
    ///
    /// - Throws: What kept the network from working.
    public func run() async throws {
        let resolvers = DNSServer.machineResolvers((try? Files.readText("/etc/resolv.conf")) ?? "")
        let dns = DNSServer(address: context.hostIP, resolvers: resolvers, zone: { [services] in services.currentZone })
        defer {
            lock.withLock { $0 = nil }
            log.debug("the node has ended")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.services.run() }
            group.addTask { try await dns.run() }
            group.addTask { await self.runPods() }
            for try await _ in group {}
        }
    }

    private func runPods() async {
        let name = context.configuration.nodeName
        let pods = Informer(context.api, .pods, fieldSelector: "spec.nodeName=\(name)")
        let secrets = Informer(context.api, .secrets)
        let configMaps = Informer(context.api, .configMaps)
        let feed = pods.changes()
        secrets.report(to: feed)
        configMaps.report(to: feed)
        await withDiscardingTaskGroup { group in
            group.addTask { await NodeRegistration(context: self.context).run() }
            for informer in [pods, secrets, configMaps] { group.addTask { await informer.run() } }
            while let changes = await feed.next() {
                for change in changes {
                    if change.type == .pods { apply(change, in: &group) } else { refresh(change, in: &group) }
                }
            }
            group.cancelAll()
        }
        await Self.removeLeftovers(context.configuration)
    }

    private func apply(_ change: ObjectChange, in group: inout DiscardingTaskGroup) {
        let existing = workers.withLock { $0[change.key] }
        guard let pod = change.after else {
            existing?.forget()
            return
        }
        if let existing, existing.uid == pod.metadata.uid { return existing.update(pod) }
        existing?.forget()
        let worker = PodWorker(context, pod)
        workers.withLock { $0[change.key] = worker }
        context.changes.announce()
        group.addTask {
            await worker.run()
            self.workers.withLock { if $0[change.key]?.uid == worker.uid { $0[change.key] = nil } }
            self.context.changes.announce()
        }
    }

    private func refresh(_ change: ObjectChange, in group: inout DiscardingTaskGroup) {
        // A pod that waits for a new object asks by itself; one that can do without may have begun.
        let isNew = change.before == nil
        let affected = workers.withLock { workers in
            workers.filter { $0.key.namespace == change.key.namespace }.map(\.value)
        }
        for worker in affected where worker.uses(change.type, name: change.key.name, canDoWithout: isNew) {
            group.addTask { await worker.configurationChanged() }
        }
    }
}
