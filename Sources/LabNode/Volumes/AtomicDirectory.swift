internal import Base
internal import Glibc

/// A directory whose files change all at once (Kubernetes' `AtomicWriter`).
///
/// Each file is a link through `..data` to a directory with the current content, so that a reader sees either the old
/// files or the new ones, and a program that watches `..data` learns of the change.
struct AtomicDirectory: Sendable {
    struct File: Sendable, Hashable {
        var bytes: [UInt8]
        var mode: UInt32 = 0o644
    }

    let path: String
    /// Owner of the files, and the group that may read them; -1 leaves them as they are.
    var owner: (user: Int64, group: Int64) = (-1, -1)

    /// Makes `files`, by their paths below the directory, its content; does nothing when they are that already.
    func replace(with files: [String: File]) throws(SystemError) {
        let previous = link("\(path)/..data")
        if let previous, isCurrent("\(path)/\(previous)", files) { return }
        let version = "..\(Timestamp.now.nanoseconds)"
        let directory = "\(path)/\(version)"
        for (name, file) in files {
            let target = "\(directory)/\(name)"
            try Files.makeDirectory(FilePath.parent(of: target))
            try Files.replace(target, with: file.bytes, mode: file.mode)
            try chown(target)
        }
        try Files.makeDirectory(directory)
        try Self.replaceLink("\(path)/..data", to: version)
        let names = Set(files.keys.map { FilePath.first(of: $0) })
        for name in names where link("\(path)/\(name)") == nil {
            try Self.replaceLink("\(path)/\(name)", to: "..data/\(name)")
        }
        for name in FilePath.entries(of: path) where !name.hasPrefix("..") && !names.contains(name) {
            _ = unsafe unlink("\(path)/\(name)")
        }
        if let previous { FilePath.removeTree("\(path)/\(previous)") }
    }

    private func isCurrent(_ directory: String, _ files: [String: File]) -> Bool {
        let names = FilePath.files(below: directory)
        guard names.count == files.count else { return false }
        return files.allSatisfy { (try? Files.read("\(directory)/\($0.key)")) == $0.value.bytes }
    }

    private func chown(_ file: String) throws(SystemError) {
        guard owner.user >= 0 || owner.group >= 0 else { return }
        let (user, group) = (UInt32(truncatingIfNeeded: owner.user), UInt32(truncatingIfNeeded: owner.group))
        try systemCall("chown") { unsafe Glibc.chown(file, user, group) }
    }

    private func link(_ path: String) -> String? { FilePath.linkTarget(of: path) }

    private static func replaceLink(_ path: String, to target: String) throws(SystemError) {
        let temporary = path + ".tmp"
        _ = unsafe unlink(temporary)
        try systemCall("symlink") { unsafe symlink(target, temporary) }
        try systemCall("rename") { unsafe rename(temporary, path) }
    }
}
