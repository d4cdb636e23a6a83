internal import JSON

/// Writes the `config.json` of a container's bundle (OCI runtime specification 1.0).
struct OCIConfiguration: Sendable {
    struct Mount: Sendable, Hashable {
        let source: String
        let destination: String
        var isReadOnly = false
    }

    let pod: PodSpecification
    let container: ContainerSpecification
    let command: [String]
    let environment: [String: String]
    let rootPath: String
    /// False when the root file system is this machine's own, which nothing may change.
    let isRootWritable: Bool
    /// The path of the pod's network namespace; nil shares the machine's.
    let networkNamespace: String?
    /// The control group to run in; nil where this program may make none.
    let cgroup: String?
    let mounts: [Mount]
    /// Files and directories of this machine that no container may look into.
    let masked: [String]

    var json: JSON {
        let isReadOnly = !isRootWritable || security("readOnlyRootFilesystem")?.bool == true
        return [
            "ociVersion": "1.0.2",
            "process": process(arguments: command, hasTerminal: container.hasTerminal),
            "root": ["path": .string(rootPath), "readonly": .bool(isReadOnly)],
            "hostname": .string(pod.hostname),
            "mounts": .array(Self.systemMounts + (isPrivileged ? [] : Self.readOnlySystem) + mounts.map(Self.mount)),
            "linux": linux,
        ]
    }

    /// The process description, for the container itself and for what is executed in it.
    func process(arguments: [String], hasTerminal: Bool) -> JSON {
        var environment = environment
        if hasTerminal { environment["TERM"] = environment["TERM"] ?? "xterm" }
        let capabilities: JSON = .strings(Capabilities(security("capabilities"), isPrivileged: isPrivileged).names)
        return [
            "terminal": .bool(hasTerminal),
            "user": user,
            "args": .strings(arguments),
            "env": .strings(environment.map { "\($0.key)=\($0.value)" }.sorted()),
            "cwd": .string(container.workingDirectory ?? "/"),
            "capabilities": ["bounding": capabilities, "effective": capabilities, "permitted": capabilities],
            "rlimits": [Self.fileLimit],
            "noNewPrivileges": .bool(security("allowPrivilegeEscalation")?.bool == false),
            "oomScoreAdj": 100,
        ]
    }

    /// A field of the container's `securityContext`, or of the pod's.
    private func security(_ field: String) -> JSON? {
        container.json["securityContext", field] ?? pod.securityContext[field]
    }

    private var isPrivileged: Bool { security("privileged")?.bool ?? false }

    private var user: JSON {
        var groups = pod.securityContext["supplementalGroups"]?.array ?? []
        if let group = pod.securityContext["fsGroup"] { groups.append(group) }
        return [
            "uid": security("runAsUser") ?? 0, "gid": security("runAsGroup") ?? 0, "additionalGids": .array(groups),
        ]
    }

    private var linux: JSON {
        var namespaces: [JSON] = ["pid", "ipc", "uts", "mount"].map { ["type": $0] }
        if let networkNamespace { namespaces.append(["type": "network", "path": .string(networkNamespace)]) }
        var linux: JSON = [
            "namespaces": .array(namespaces),
            "maskedPaths": .strings(masked + (isPrivileged ? [] : Self.maskedKernelPaths)),
        ]
        if let cgroup {
            linux["cgroupsPath"] = .string(cgroup)
            linux["resources"] = resources
        }
        if networkNamespace != nil { linux["sysctl"] = Self.networkSettings }
        if !isPrivileged {
            linux["readonlyPaths"] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
        }
        return linux
    }

    private var resources: JSON {
        let limits = container.json["resources", "limits"] ?? .null
        let requests = container.json["resources", "requests"] ?? .null
        var resources: JSON = ["pids": ["limit": 4096]]
        resources["devices"] = isPrivileged ? [["allow": true, "access": "rwm"]] : [["allow": false, "access": "rwm"]]
        if let memory = limits["memory"].flatMap({ Quantity($0) })?.whole {
            resources["memory"] = ["limit": .int(memory)]
        }
        var cpu: JSON = [:]
        let share = (requests["cpu"] ?? limits["cpu"]).flatMap { Quantity($0) }?.thousandths ?? 0
        cpu["shares"] = .int(max(2, share * 1024 / 1000))  // As the kubelet reckons.
        if let limit = limits["cpu"].flatMap({ Quantity($0) })?.thousandths {
            cpu["period"] = 100_000
            cpu["quota"] = .int(max(1000, limit * 100))
        }
        resources["cpu"] = cpu
        return resources
    }

    private static func mount(_ mount: Mount) -> JSON {
        [
            "destination": .string(mount.destination), "source": .string(mount.source), "type": "bind",
            "options": ["rbind", "rprivate", mount.isReadOnly ? "ro" : "rw"],
        ]
    }
}
