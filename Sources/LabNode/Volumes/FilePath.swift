internal import Base
internal import Glibc

/// Questions about the file tree, and changes to it, that the node asks for by path.
enum FilePath {
    /// All but the last part.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The first part of a relative path.
    static func first(of path: String) -> String { String(path.prefix { $0 != "/" }) }

    /// The names in a directory, without `.` and `..`; empty when it cannot be read.
    static func entries(of directory: String) -> [String] {
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        // Safe: readdir's entry stays valid until the next call on this stream, which nobody else has.
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The paths of all files below a directory, relative to it; links are not followed.
    static func files(below directory: String) -> [String] {
        entries(of: directory).flatMap { name in
            isDirectory("\(directory)/\(name)") ? files(below: "\(directory)/\(name)").map { "\(name)/\($0)" } : [name]
        }
    }

    static func linkTarget(of path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink(path, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    /// Removes a file or a whole tree, as far as possible; never enters a directory of another file system.
    static func removeTree(_ path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        removeTree(path, device: status.st_dev)
    }

    private static func removeTree(_ path: String, device: UInt) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            // Whatever its device: in an overlay a file has another one than its directory.
            _ = unsafe unlink(path)
            return
        }
        guard status.st_dev == device else { return }
        for name in entries(of: path) { removeTree("\(path)/\(name)", device: device) }
        _ = unsafe rmdir(path)
    }
}
