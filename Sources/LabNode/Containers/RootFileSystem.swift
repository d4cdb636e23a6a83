internal import Base
internal import CLinux
internal import Glibc

/// What a container sees as `/`: this machine's file system, with changes kept to the container.
///
/// An overlay puts a private writable layer over `/`. Where the kernel refuses one (a machine that is itself a
/// container, or a node that does not run as root), the file system is shown read-only, with private `/tmp` and `/run`.
struct RootFileSystem: Sendable {
    /// Where the layers and the mount point are.
    let directory: String

    var path: String { "\(directory)/rootfs" }

    /// Mounts it.
    ///
    /// - Returns: Whether the container may write to it.
    func mount() throws(SystemError) -> Bool {
        for name in ["rootfs", "upper", "work"] { try Files.makeDirectory("\(directory)/\(name)") }
        let layers = "lowerdir=/,upperdir=\(directory)/upper,workdir=\(directory)/work"
        // The second is for user namespaces, in which the kernel keeps the layers' records in other attributes.
        for options in [layers, layers + ",userxattr"]
        where unsafe CLinux_mount("overlay", path, "overlay", 0, options) == 0 {
            return true
        }
        try systemCall("mount") { unsafe CLinux_mount("/", path, "", CLinux_MS_BIND | CLinux_MS_REC, nil) }
        return false
    }

    /// Takes it away with all that was written to it; fine when it is not mounted.
    func remove() {
        unmount(path)
        FilePath.removeTree(directory)
    }

    /// Other file systems of this machine below `/`, such as `/home` or `/usr`, which a container sees read-only.
    ///
    /// - Parameter mountInfo: The text of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
    static func machineMounts(_ mountInfo: String, hidden: [String]) -> [String] {
        let diskTypes: Set = ["zfs", "btrfs", "9p", "virtiofs", "nfs", "nfs4", "fuseblk"]
        var paths: [String] = []
        for line in mountInfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 6, let dash = fields.firstIndex(of: "-"), dash + 2 < fields.count else { continue }
            let (path, type, source) = (String(fields[4]), String(fields[dash + 1]), fields[dash + 2])
            let isHidden = (hidden + ["/proc", "/sys", "/dev", "/run", "/tmp", "/boot"]).contains {
                path == $0 || path.hasPrefix($0 + "/")
            }
            if path != "/", !isHidden, source.hasPrefix("/dev/") || diskTypes.contains(type) { paths.append(path) }
        }
        return paths
    }
}

/// Takes a mount out of the tree, and those below it; fine when there is none.
func unmount(_ path: String) { while unsafe CLinux_unmount(path) == 0 {} }

/// All mount points at `directory` or below it, the deepest first.
func mountPoints(below directory: String) -> [String] {
    let text = (try? Files.readText("/proc/self/mountinfo")) ?? ""
    let paths = text.split(separator: "\n").compactMap { line -> String? in
        let fields = line.split(separator: " ")
        guard fields.count > 4 else { return nil }
        return fields[4] == directory || fields[4].hasPrefix(directory + "/") ? String(fields[4]) : nil
    }
    return paths.sorted { $0.utf8.count > $1.utf8.count }
}
