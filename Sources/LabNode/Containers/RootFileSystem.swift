internal import Base
internal import CLinux
internal import Glibc

/// What a container sees as `/`: this machine's file system, with changes kept to the container.
///
/// An overlay puts a private writable layer over `/`. In a user's own namespaces the kernel refuses that, because of the
/// mounts below `/`; there each directory of `/` gets an overlay of its own. Where the kernel refuses these too (a machine
/// that is itself a container), the file system is shown read-only, with private `/tmp` and `/run`.
struct RootFileSystem: Sendable {
    /// Where the layers and the mount point are.
    let directory: String

    var path: String { "\(directory)/rootfs" }

    /// Mounts it.
    ///
    /// - Parameters:
    ///   - paths: What somebody will mount to.
    ///   - hidden: Directories of this machine that may be missing.
    /// - Returns: Whether the container may write to it.
    func mount(for paths: [String], hiding hidden: [String]) throws(SystemError) -> Bool {
        try Files.makeDirectory(path)
        if try overlay(of: "/", at: path, layers: directory) { return true }
        if try mountInParts(for: paths, hiding: hidden) { return true }
        try systemCall("mount") { unsafe CLinux_mount("/", path, "", CLinux_MS_BIND | CLinux_MS_REC, nil) }
        return false
    }

    private func overlay(of lower: String, at target: String, layers: String) throws(SystemError) -> Bool {
        for name in ["upper", "work"] { try Files.makeDirectory("\(layers)/\(name)") }
        let options = "lowerdir=\(lower),upperdir=\(layers)/upper,workdir=\(layers)/work"
        // The second is for user namespaces, in which the kernel keeps the layers' records in other attributes.
        for options in [options, options + ",userxattr"]
        where unsafe CLinux_mount("overlay", target, "overlay", 0, options) == 0 {
            return true
        }
        return false
    }

    /// Mounts each directory of `/` by itself.
    ///
    /// - Returns: False, and nothing is mounted, when that is not possible.
    private func mountInParts(for paths: [String], hiding hidden: [String]) throws(SystemError) -> Bool {
        guard unsafe CLinux_mount("tmpfs", path, "tmpfs", CLinux_MS_NODEV, "mode=755") == 0 else { return false }
        for name in FilePath.entries(of: "/") where !Self.kernelDirectories.contains(name) {
            if try mountPart("/\(name)", for: paths, hiding: hidden) { continue }
            unmount(path)
            return false
        }
        return true
    }

    /// Mounts one entry of this machine's file system, `/var` for instance, at its place below the mount point.
    ///
    /// - Returns: Whether a directory is there, for changes if it is `/etc`.
    private func mountPart(
        _ source: String,
        for paths: [String],
        hiding hidden: [String]
    ) throws(SystemError) -> Bool {
        let target = path + source
        if let link = FilePath.linkTarget(of: source) {
            _ = unsafe symlink(link, target)
            return true
        }
        guard FilePath.isDirectory(source) else {
            try Files.replace(target, with: [])
            _ = unsafe CLinux_mount(source, target, "", CLinux_MS_BIND, nil)
            return true
        }
        try Files.makeDirectory(target)
        if hidden.contains(source) { return true }
        let layers = "\(directory)/parts\(source)"
        try makeOwn(paths.filter { $0.hasPrefix(source + "/") }, in: "\(layers)/upper", below: source)
        if try overlay(of: source, at: target, layers: layers) { return true }
        if source == "/etc" { return false }
        // A user can put no layer over a directory with mounts of others below it, such as those of containers in
        // /var/lib; what is beside these mounts gets layers of its own. To show them where they are is out of the
        // question: each container would have those of all containers before it once more.
        if mountPoints(below: source).contains(where: { mount in
            mount != source && !hidden.contains { isWithin(mount, $0) }
        }) {
            try systemCall("mount") { unsafe CLinux_mount("tmpfs", target, "tmpfs", CLinux_MS_NODEV, "mode=755") }
            for name in FilePath.entries(of: source) {
                guard try mountPart("\(source)/\(name)", for: paths, hiding: hidden) else { return false }
            }
            return true
        }
        return unsafe CLinux_mount(source, target, "", CLinux_MS_BIND | CLinux_MS_REC, nil) == 0
    }

    /// Makes the directories above `paths` root's own in the upper layer, and lets everybody pass; this machine's root,
    /// whose they are in the lower layer, is nobody in a user's namespaces.
    private func makeOwn(_ paths: [String], in layer: String, below base: String) throws(SystemError) {
        for path in paths {
            var place = ""
            for name in FilePath.parent(of: path).dropFirst(base.count).split(separator: "/") {
                place += "/\(name)"
                // What is a link below must not become a directory.
                if FilePath.linkTarget(of: base + place) != nil { break }
                if Files.exists(base + place), !FilePath.isDirectory(base + place) { break }
                try Files.makeDirectory(layer + place)
            }
        }
    }

    /// What every container gets from the kernel, or for itself.
    private static let kernelDirectories: Set = ["proc", "sys", "dev", "run", "tmp", "lost+found"]

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
                isWithin(path, $0)
            }
            if path != "/", !isHidden, source.hasPrefix("/dev/") || diskTypes.contains(type) { paths.append(path) }
        }
        return paths
    }
}

/// Takes a mount out of the tree, and those below it; fine when there is none.
func unmount(_ path: String) { while unsafe CLinux_unmount(path) == 0 {} }

/// Whether the path is the directory's own, or of something below it.
private func isWithin(_ path: some StringProtocol, _ directory: String) -> Bool {
    path == directory || path.hasPrefix(directory + "/")
}

/// All mount points at `directory` or below it, the deepest first.
func mountPoints(below directory: String) -> [String] {
    let text = (try? Files.readText("/proc/self/mountinfo")) ?? ""
    let paths = text.split(separator: "\n").compactMap { line -> String? in
        let fields = line.split(separator: " ")
        guard fields.count > 4 else { return nil }
        return isWithin(fields[4], directory) ? String(fields[4]) : nil
    }
    return paths.sorted { $0.utf8.count > $1.utf8.count }
}
