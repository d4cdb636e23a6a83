internal import Glibc

/// The control groups below which all containers run (cgroups(7)), whether the machine has version 1, 2 or both.
enum Cgroups {
    private static let mountPoint = "/sys/fs/cgroup"

    /// Whether this program may make groups: not in a user namespace, to which nobody has given any.
    static let areWritable: Bool = {
        let hierarchies = ["memory", ""].map { $0.isEmpty ? mountPoint : "\(mountPoint)/\($0)" }
        guard let hierarchy = hierarchies.first(where: FilePath.isDirectory) else { return false }
        return unsafe access(hierarchy, W_OK) == 0
    }()

    /// Removes a group and the groups in it from all hierarchies; those with processes stay.
    static func remove(_ group: String) {
        for hierarchy in [mountPoint] + FilePath.entries(of: mountPoint).map({ "\(mountPoint)/\($0)" }) {
            removeTree(hierarchy + group)
        }
    }

    private static func removeTree(_ directory: String) {
        guard FilePath.isDirectory(directory) else { return }
        for name in FilePath.entries(of: directory) where FilePath.isDirectory("\(directory)/\(name)") {
            removeTree("\(directory)/\(name)")
        }
        _ = unsafe rmdir(directory)
    }
}
