internal import Glibc

/// Small files, read and written whole.
public enum Files {
    /// Reads the whole file.
    ///
    /// - Throws: ``SystemError``; `EFBIG` when it holds more than `limit` octets.
    public static func read(_ path: String, limit: Int = 64 << 20) throws(SystemError) -> [UInt8] {
        let file = OwnedDescriptor(adopting: try systemCall("open") { unsafe open(path, O_RDONLY | O_CLOEXEC) })
        let descriptor = file.raw
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = try systemCall("read") { unsafe Glibc.read(descriptor, &chunk, chunk.count) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            if bytes.count > limit { throw SystemError(call: "read", code: EFBIG) }
        }
    }

    /// Reads the whole file as text; bytes that are not UTF-8 become U+FFFD.
    public static func readText(_ path: String) throws(SystemError) -> String {
        String(decoding: try read(path), as: UTF8.self)
    }

    /// Replaces the file at once: readers see the old bytes or the new ones, also after a crash.
    ///
    /// - Parameter mode: Permissions of the new file; 0600 unless given.
    public static func replace(_ path: String, with bytes: [UInt8], mode: UInt32 = 0o600) throws(SystemError) {
        let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        do {
            try write(temporary, bytes, mode: mode)
            try systemCall("rename") { unsafe rename(temporary, path) }
        } catch {
            _ = unsafe unlink(temporary)
            throw error
        }
    }

    private static func write(_ path: String, _ bytes: [UInt8], mode: UInt32) throws(SystemError) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        let file = OwnedDescriptor(adopting: try systemCall("open") { unsafe open(path, flags, mode) })
        let descriptor = file.raw
        try systemCall("fchmod") { fchmod(descriptor, mode) }  // The umask may have taken bits away.
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try systemCall("write") {
                unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        }
        try systemCall("fsync") { fsync(descriptor) }
    }

    /// Whether something is there, of whatever kind.
    public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Makes the directory and its missing parents; it is fine if it is there.
    public static func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        if exists(path) || path.isEmpty { return }
        if let slash = path.lastIndex(of: "/") { try makeDirectory(String(path[..<slash]), mode: mode) }
        do {
            try systemCall("mkdir") { unsafe mkdir(path, mode) }
        } catch let error where error.code == EEXIST {
            return  // Somebody else was faster.
        }
    }
}
