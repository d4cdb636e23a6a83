internal import Base
internal import Glibc
internal import JSON
internal import Subprocess

/// A container that runs, and all that belongs to this one life of it.
struct LiveContainer: Sendable {
    let specification: ContainerSpecification
    /// The name that the runtime knows it by.
    let identifier: String
    let process: RunningProcess
    let streams: ContainerStreams
    let configuration: OCIConfiguration
    /// Probes, hooks and the wait for its end; cancelled when it has ended.
    var tasks: [Task<Void, Never>] = []

    /// Whether the program does anything on SIGTERM.
    ///
    /// The first process of a PID namespace ignores every signal that it has no handler for, so that one like `sleep`
    /// would only ever end by SIGKILL, after the whole grace period.
    var handlesTermination: Bool {
        guard let status = try? Files.readText("/proc/\(process.processID)/status"),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("SigCgt:") }),
            let mask = UInt64(line.dropFirst(7).trimmingPrefix { $0.isWhitespace }, radix: 16)
        else { return true }
        return mask & 1 << UInt64(SIGTERM - 1) != 0
    }

    /// Whether the kernel killed a process of it for want of memory.
    var wasOutOfMemory: Bool {
        guard let cgroup = configuration.cgroup else { return false }
        let paths = [
            "/sys/fs/cgroup/memory\(cgroup)/memory.oom_control", "/sys/fs/cgroup\(cgroup)/memory.events",
        ]
        return paths.contains { path in
            guard let text = try? Files.readText(path) else { return false }
            return text.split(separator: "\n").contains { $0.hasPrefix("oom_kill ") && $0 != "oom_kill 0" }
        }
    }
}
