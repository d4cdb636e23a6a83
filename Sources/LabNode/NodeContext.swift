internal import Base
internal import Glibc
internal import JSON
internal import Kubernetes

/// Where the node keeps its things, and what it is called.
public struct NodeConfiguration: Sendable {
    public var nodeName = "apus-lab"
    /// On disk: pods' volumes, containers' layers, logs.
    public var stateDirectory = "/var/lib/apus-lab/node"
    /// What is true of running containers only; gone after a restart of the machine.
    public var runtimeDirectory = "/run/apus-lab"
    public var addresses = LabAddresses()
    /// Files and directories that no container may look into, such as the API server's database and keys.
    public var hiddenPaths: [String] = []
    public var clusterDomain = "cluster.local"

    public init() {}

    var containerState: String { "\(runtimeDirectory)/runc" }
    /// A path for a socket that is used once; short, as a socket's must be.
    var newConsole: String { "\(runtimeDirectory)/console-\(String(UInt64.random(in: 0 ... .max), radix: 36))" }
    var forwardingRecord: String { "\(runtimeDirectory)/ip_forward" }
}

/// What all pods of the node share.
struct NodeContext: Sendable {
    let api: any KubernetesAPI
    let configuration: NodeConfiguration
    let runtime: ContainerRuntime
    let network: PodNetwork
    let images = ImageTable()
    /// Where this program and its siblings are.
    let programDirectory: String
    let events: EventRecorder
    let capacity: NodeCapacity
    /// Says that a pod or one of its containers came, went or changed.
    let changes = Changes()
    /// This machine's other file systems, mounted into every container.
    let machineMounts: [String]

    var hostIP: IPAddress { configuration.addresses.node }

    func podDirectory(_ uid: String) -> String { "\(configuration.stateDirectory)/pods/\(uid)" }
    func logDirectory(_ uid: String) -> String { "\(configuration.stateDirectory)/logs/\(uid)" }
    func logPath(_ uid: String, container: String, attempt: Int) -> String {
        "\(logDirectory(uid))/\(container)/\(attempt).log"
    }

    init(_ api: any KubernetesAPI, _ configuration: NodeConfiguration) {
        self.api = api
        self.configuration = configuration
        runtime = ContainerRuntime(stateDirectory: configuration.containerState)
        network = PodNetwork(configuration.addresses, forwardingRecord: configuration.forwardingRecord)
        let program = FilePath.linkTarget(of: "/proc/self/exe") ?? "/usr/bin/apus-lab"
        programDirectory = FilePath.parent(of: program)
        events = EventRecorder(api: api, component: "kubelet", host: configuration.nodeName)
        capacity = .ofThisMachine
        let mountInfo = (try? Files.readText("/proc/self/mountinfo")) ?? ""
        machineMounts = RootFileSystem.machineMounts(mountInfo, hidden: [configuration.stateDirectory])
    }
}

extension NodeCapacity {
    static var ofThisMachine: Self {
        let cores = sysconf(CInt(_SC_NPROCESSORS_ONLN))
        let pages = sysconf(CInt(_SC_PHYS_PAGES))
        return Self(cores: Int64(max(1, cores)), memory: Int64(pages) * Int64(sysconf(CInt(_SC_PAGESIZE))))
    }
}
