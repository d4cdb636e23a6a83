internal import Base

/// A file that somebody names on the command line; `-` is standard input.
enum ManifestFile {
    static func text(_ path: String) throws(MeshError) -> String {
        do {
            return try Files.readText(path == "-" ? "/dev/stdin" : path)
        } catch {
            throw MeshError(.notFound, "could not read \(path)", cause: error)
        }
    }
}
