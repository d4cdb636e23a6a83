internal import Base
internal import Glibc
internal import JSON

extension OCIConfiguration {
    /// What every container sees of the kernel.
    static let systemMounts: [JSON] = [
        special("proc", at: "/proc", []),
        special("tmpfs", at: "/dev", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        special("devpts", at: "/dev/pts", terminalOptions),
        special("tmpfs", at: "/dev/shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        special("mqueue", at: "/dev/mqueue", ["nosuid", "noexec", "nodev"]),
        // Sockets and state of this machine's services are none of a container's business.
        special("tmpfs", at: "/run", ["nosuid", "nodev", "mode=755", "size=65536k"]),
        special("tmpfs", at: "/tmp", ["nosuid", "nodev", "mode=1777"]),
    ]

    /// Whether every group of this machine exists here; not so in a user's own namespace.
    private static let hasAllGroups: Bool = {
        let map = (try? Files.readText("/proc/self/gid_map")) ?? ""
        return map.split(separator: " ").map { $0.filter(\.isNumber) } == ["0", "0", "4294967295"]
    }()

    /// Terminals belong to the group `tty`, where there is one.
    private static let terminalOptions =
        ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"] + (hasAllGroups ? ["gid=5"] : [])

    /// Kubernetes' safe sysctls: non-root programs may listen on ports below 1024, and send pings.
    static let networkSettings: JSON =
        hasAllGroups
        ? ["net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647"]
        : ["net.ipv4.ip_unprivileged_port_start": "0"]

    static let readOnlySystem: [JSON] = [
        special("sysfs", at: "/sys", ["nosuid", "noexec", "nodev", "ro"]),
        special("cgroup", at: "/sys/fs/cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"]),
    ]

    static let maskedKernelPaths = [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
    ]

    /// As many open files as this process may pass on; raising the limit takes a capability that containers lack.
    static let fileLimit: JSON = {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let hard = Int64(clamping: min(limit.rlim_max, 1 << 20))
        return ["type": "RLIMIT_NOFILE", "soft": .int(min(65_536, hard)), "hard": .int(hard)]
    }()

    private static func special(_ type: String, at destination: String, _ options: [String]) -> JSON {
        [
            "destination": .string(destination), "type": .string(type), "source": .string(type),
            "options": .strings(options),
        ]
    }
}

/// The Linux capabilities of a container (capabilities(7)).
struct Capabilities: Sendable, Hashable {
    /// With their `CAP_` in front, sorted.
    let names: [String]

    /// - Parameter change: `securityContext.capabilities` with `add` and `drop`.
    init(_ change: JSON?, isPrivileged: Bool) {
        if isPrivileged {
            names = Self.all.map { "CAP_\($0)" }
            return
        }
        let added = Self.read(change?["add"])
        let dropped = Self.read(change?["drop"])
        var result = dropped.contains("ALL") ? [] : Self.standard.subtracting(dropped)
        result.formUnion(added.contains("ALL") ? Set(Self.all).subtracting(dropped) : added)
        names = result.map { "CAP_\($0)" }.sorted()
    }

    private static func read(_ list: JSON?) -> Set<String> {
        Set(
            (list?.array ?? []).compactMap(\.string).map { $0.uppercased() }.map {
                String($0.hasPrefix("CAP_") ? $0.dropFirst(4) : $0[...])
            }
        )
    }

    /// What container runtimes give unless told otherwise.
    private static let standard: Set<String> = [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
        "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ]

    private static let all = [
        "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN",
        "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE",
        "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST",
        "NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT",
        "SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME",
        "SYS_TTY_CONFIG", "WAKE_ALARM",
    ]
}
