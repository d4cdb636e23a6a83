import Base
import Glibc
import JSON
import Kubernetes
import LabServer

@testable import LabNode

/// A whole cluster in this process, with its own addresses and names beside any other on this machine.
///
/// Needs root: pods are network namespaces.
final class TestCluster: Sendable {
    let api: any KubernetesAPI
    let node: Node
    let configuration: NodeConfiguration
    let directory: String

    private init() async throws {
        directory = "/var/tmp/apus-lab-test.\(getpid())"
        var configuration = NodeConfiguration()
        configuration.addresses.prefix = "apust"
        configuration.addresses.node = IPAddress(10, 245, 0, 1)
        configuration.addresses.podNetwork = IPAddress(10, 245, 0, 0)
        configuration.stateDirectory = "\(directory)/node"
        configuration.runtimeDirectory = "\(directory)/run"
        configuration.hiddenPaths = ["\(directory)/server"]
        self.configuration = configuration
        try Files.makeDirectory("\(directory)/server")
        let server = try await APIServer(directory: "\(directory)/server")
        api = server.local
        node = Node(api, configuration)
    }

    /// Runs `body` beside a running cluster, and takes everything away afterwards.
    static func run(_ body: @escaping @Sendable (TestCluster) async throws -> Void) async throws {
        let cluster = try await TestCluster()
        do {
            try await cluster.node.prepare()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await cluster.node.run() }
                group.addTask { await cluster.controllers.run() }
                try await body(cluster)
                group.cancelAll()
            }
        } catch {
            try await cluster.remove()
            throw error
        }
        try await cluster.remove()
    }

    private var controllers: Controllers {
        let types: [ResourceType] = [
            .pods, .services, .endpoints, .endpointSlices, .configMaps, .secrets, .serviceAccounts, .deployments,
            .replicaSets, .jobs, .leases, .roles, .roleBindings, .events,
        ]
        return Controllers(api, resourceTypes: { types }, rootCertificate: "no certificate")
    }

    private func remove() async throws {
        try await Node.removeAll(configuration)
        FilePath.removeTree(directory)
    }

    // What tests ask for.

    @discardableResult
    func create(_ type: ResourceType, _ object: JSON, namespace: String? = "default") async throws -> JSON {
        var object = object
        object["apiVersion"] = .string(type.apiVersion)
        object["kind"] = .string(type.kind)
        return try await api.create(type, namespace: namespace, object)
    }

    func createPod(_ name: String, _ spec: JSON, labels: [String: String] = [:]) async throws {
        try await waitForNamespace()
        var spec = spec
        spec["automountServiceAccountToken"] = false
        try await create(.pods, ["metadata": ["name": .string(name), "labels": .strings(labels)], "spec": spec])
    }

    /// Pods can be made once the namespace has its service account.
    func waitForNamespace(_ name: String = "default") async throws {
        try await wait(.serviceAccounts, "default", namespace: name) { _ in true }
    }

    /// Tries until it is so, for at most a minute.
    func eventually(_ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw MeshError(.timedOut, "it did not become so")
    }

    /// Looks at the object every few milliseconds until `condition` holds.
    @discardableResult
    func wait(
        _ type: ResourceType,
        _ name: String,
        namespace: String? = "default",
        seconds: Int = 60,
        until condition: (JSON) -> Bool
    ) async throws -> JSON {
        let end = ContinuousClock.now + .seconds(seconds)
        var last: JSON = .null
        while ContinuousClock.now < end {
            do {
                last = try await api.get(type, namespace: namespace, name: name)
                if condition(last) { return last }
            } catch let error as StatusError where error.isNotFound {
                last = "not found"
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        let events = try await api.list(.events, namespace: nil, labelSelector: nil, fieldSelector: nil).items
        let messages = events.filter { $0["involvedObject", "name"]?.string == name }.compactMap {
            $0["message"]?.string
        }
        throw MeshError(
            .timedOut,
            "\(type) \(name) did not get there: \(last["status"] ?? last); events: \(messages.joined(separator: "; "))"
        )
    }

    func waitUntilGone(_ type: ResourceType, _ name: String, namespace: String? = "default", seconds: Int = 60)
        async throws
    {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            do {
                _ = try await api.get(type, namespace: namespace, name: name)
            } catch let error as StatusError where error.isNotFound {
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw MeshError(.timedOut, "\(type) \(name) is still there")
    }

    /// Runs a command in a pod: its exit code and what it printed on standard output.
    func exec(_ pod: String, container: String = "app", namespace: String = "default", _ command: [String]) async throws
        -> (Int32, String)
    {
        let session = try await node.exec(
            namespace: namespace,
            pod: pod,
            container: container,
            command: command,
            options: TerminalOptions()
        )
        var text: [UInt8] = []
        for try await piece in session.output {
            switch piece {
            case .stdout(let bytes): text += bytes
            case .stderr(let bytes): text += bytes
            case .exited(let code): return (code, String(decoding: text, as: UTF8.self))
            }
        }
        return (-1, String(decoding: text, as: UTF8.self))
    }

    func logs(_ pod: String, container: String = "app", _ change: (inout LogOptions) -> Void = { _ in }) async throws
        -> String
    {
        var options = LogOptions()
        change(&options)
        var text: [UInt8] = []
        for try await bytes in try await node.logs(
            namespace: "default",
            pod: pod,
            container: container,
            options: options
        ) {
            text += bytes
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// A pod of one container that runs a shell script.
func podSpecification(_ script: String, name: String = "app", restartPolicy: String = "Always") -> JSON {
    [
        "restartPolicy": .string(restartPolicy), "terminationGracePeriodSeconds": 5,

        "containers": [["name": .string(name), "image": "busybox", "command": ["sh", "-c", .string(script)]]],
    ]
}
