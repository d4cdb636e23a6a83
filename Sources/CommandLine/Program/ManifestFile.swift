internal import Base
internal import Glibc

/// A file that somebody names on the command line; `-` is standard input.
enum ManifestFile {
    static func text(_ path: String) throws(MeshError) -> String {
        do {
            return try Files.readText(path == "-" ? "/dev/stdin" : path)
        } catch {
            throw MeshError(.notFound, "could not read \(path)", cause: error)
        }
    }

    /// `path` itself, or the YAML and JSON files in it and below it when it is a directory.
    static func manifests(at path: String) throws(MeshError) -> [String] {
        guard let directory = unsafe opendir(path) else {
            if errno == ENOTDIR { return [path] }
            throw MeshError(.notFound, "could not read \(path)", cause: SystemError(call: "opendir", code: errno))
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            // Safe: the name ends with a zero inside of the entry, which lives until the next call.
            names.append(
                unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                    unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
                }
            )
        }
        var files: [String] = []
        for name in names.sorted() where !name.hasPrefix(".") {
            let child = "\(path)/\(name)"
            if [".yaml", ".yml", ".json"].contains(where: name.hasSuffix) {
                files.append(child)
            } else if let below = try? manifests(at: child), below != [child] {
                files += below
            }
        }
        return files
    }
}
