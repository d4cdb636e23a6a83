internal import Base
internal import Glibc

/// Switches the kernel's forwarding of packets on, and back to what it was.
struct Forwarding: Sendable {
    /// Holds the setting from before, also after a crash; it is there only while ours differs.
    let recordPath: String

    func begin() throws {
        let before = try Files.readText("/proc/sys/net/ipv4/ip_forward").trimmingNewlines()
        if before == "1" { return }
        try Files.makeDirectory(FilePath.parent(of: recordPath))
        try Files.replace(recordPath, with: Array(before.utf8))
        try Self.set("ip_forward", "1")
    }

    func end() {
        guard let before = try? Files.readText(recordPath) else { return }
        try? Self.set("ip_forward", before)  // Whoever may not write it could not change it in the first place.
        _ = unsafe unlink(recordPath)
    }

    /// Sets one of the kernel's IPv4 settings (ip-sysctl.rst).
    static func set(_ name: String, _ value: String) throws(SystemError) {
        let path = "/proc/sys/net/ipv4/\(name)"
        let file = OwnedDescriptor(adopting: try systemCall("open") { unsafe open(path, O_WRONLY | O_CLOEXEC) })
        let descriptor = file.raw
        let bytes = Array(value.utf8)
        try systemCall("write") { unsafe write(descriptor, bytes, bytes.count) }
    }
}
