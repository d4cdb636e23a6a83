internal import Base
internal import Glibc
internal import JSON
internal import Kubernetes

/// Keeps the Node object and its Lease up to date.
struct NodeRegistration: Sendable {
    let context: NodeContext
    private let log = Log("node")

    init(context: NodeContext) { self.context = context }

    private var name: String { context.configuration.nodeName }

    /// Registers the node, then renews its lease every ten seconds until the task is cancelled.
    func run() async {
        var isRegistered = false
        while !Task.isCancelled {
            do {
                if !isRegistered { try await register() }
                isRegistered = true
                try await renewLease()
                try await Task.sleep(for: .seconds(10))
            } catch is CancellationError {
                return
            } catch {
                log.warn("the node could not report itself: \(error)")
                isRegistered = false
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func register() async throws {
        do {
            _ = try await context.api.create(.nodes, namespace: nil, node)
        } catch let error as StatusError where error.alreadyExists {
            log.debug("node \(name) is known already")
        }
        let patch: JSON = ["status": status]
        _ = try await context.api.patch(.nodes, namespace: nil, name: name, subresource: "status", .merge, patch)
    }

    private var node: JSON {
        [
            "apiVersion": "v1", "kind": "Node",
            "metadata": [
                "name": .string(name),
                "labels": [
                    "kubernetes.io/hostname": .string(name), "kubernetes.io/os": "linux",
                    "kubernetes.io/arch": .string(Self.architecture), "node-role.kubernetes.io/control-plane": "",
                ],
            ],
            "spec": [
                "podCIDR": .string("\(context.configuration.addresses.podNetwork)/24"),
                "podCIDRs": [.string("\(context.configuration.addresses.podNetwork)/24")],
            ],
        ]
    }

    private var status: JSON {
        let now = "\(Timestamp.now)"
        let resources: JSON = [
            "cpu": .string("\(context.capacity.cores)"), "memory": .string("\(context.capacity.memory / 1024)Ki"),
            "pods": "110",
        ]
        let conditions = [
            ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        ].map { type, status, reason, message -> JSON in
            [
                "type": .string(type), "status": .string(status), "reason": .string(reason),
                "message": .string(message), "lastHeartbeatTime": .string(now), "lastTransitionTime": .string(now),
            ]
        }
        return [
            "capacity": resources, "allocatable": resources, "conditions": .array(conditions),
            "addresses": [
                ["type": "InternalIP", "address": .string("\(context.hostIP)")],
                ["type": "Hostname", "address": .string(name)],
            ],
            "nodeInfo": nodeInfo,
        ]
    }

    private var nodeInfo: JSON {
        let kernel = (try? Files.readText("/proc/sys/kernel/osrelease"))?.trimmingNewlines() ?? ""
        let release = (try? Files.readText("/etc/os-release")) ?? ""
        let image = release.split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }?.dropFirst(12) ?? "Linux"
        let read = { (path: String) in ((try? Files.readText(path)) ?? "").trimmingNewlines() }
        return [
            "architecture": .string(Self.architecture), "operatingSystem": "linux", "kernelVersion": .string(kernel),
            "osImage": .string(image.filter { $0 != "\"" }), "kubeletVersion": .string(KubernetesRelease.emulated),
            "kubeProxyVersion": .string(KubernetesRelease.emulated),
            "containerRuntimeVersion": "runc://1", "machineID": .string(read("/etc/machine-id")),
            "systemUUID": .string(read("/etc/machine-id")), "bootID": .string(read("/proc/sys/kernel/random/boot_id")),
        ]
    }

    private func renewLease() async throws {
        let now = Timestamp.now.formatted(fractionDigits: 6)
        let spec: JSON = ["holderIdentity": .string(name), "leaseDurationSeconds": 40, "renewTime": .string(now)]
        let namespace = "kube-node-lease"
        do {
            _ = try await context.api.patch(
                .leases,
                namespace: namespace,
                name: name,
                subresource: nil,
                .merge,
                ["spec": spec]
            )
        } catch let error as StatusError where error.isNotFound {
            let lease: JSON = [
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": spec,
            ]
            do {
                _ = try await context.api.create(.leases, namespace: namespace, lease)
            } catch let error as StatusError where error.isNotFound {
                log.debug("namespace \(namespace) is not there yet")
            }
        }
    }

    private static var architecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }
}
