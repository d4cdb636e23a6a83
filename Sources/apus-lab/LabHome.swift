import Base
import Glibc

/// Where the lab keeps its things: `$APUS_LAB_HOME`, or `/var/lib/apus-lab`, or below the home of a user who is not root.
struct LabHome: Sendable {
    let directory: String

    init() {
        let usual = UserMachine.isNeeded ? Self.ofUser : nil
        directory = Self.variable("APUS_LAB_HOME") ?? usual ?? "/var/lib/apus-lab"
    }

    /// Where users' programs keep their state (XDG Base Directory Specification).
    private static var ofUser: String? {
        if let state = variable("XDG_STATE_HOME") { return "\(state)/apus-lab" }
        return variable("HOME").map { "\($0)/.local/state/apus-lab" }
    }

    private static func variable(_ name: String) -> String? {
        let value = unsafe getenv(name).map { unsafe String(cString: $0) }
        return value == "" ? nil : value
    }

    var server: String { "\(directory)/server" }
    var node: String { "\(directory)/node" }
    var kubeconfig: String { "\(directory)/kubeconfig" }
    var log: String { "\(directory)/lab.log" }
    private var lock: String { "\(directory)/lab.lock" }

    /// Makes the directory, for nobody but its owner to look into; containers reach the volumes below it by mounts.
    func make() throws(MeshError) {
        do {
            try Files.makeDirectory(directory, mode: 0o711)
        } catch {
            throw refusal("make", error)
        }
        do {
            // A file in its place has no entries, whoever asks.
            try systemCall("access") { unsafe access(directory + "/.", W_OK | X_OK) }
        } catch {
            throw refusal("write to", error)
        }
    }

    private func refusal(_ doing: String, _ cause: SystemError) -> MeshError {
        let remedy =
            cause.code == ENOSPC
            ? "free some space there" : "start apus-lab with sudo, or name another directory in APUS_LAB_HOME"
        return MeshError(.unavailable, "cannot \(doing) \(directory); \(remedy)", cause: cause)
    }

    /// Tells where a file is missing, a disk full or a permission refused, which the system's own words do not.
    func explained(_ error: any Error) -> any Error {
        (error as? SystemError).map { refusal("keep the cluster's files in", $0) } ?? error
    }

    /// The process that holds the lab; nil when none runs.
    var runningProcess: pid_t? {
        guard let file = try? open(O_RDONLY) else { return nil }
        let descriptor = file.raw
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
        return (try? Files.readText(lock)).flatMap { pid_t($0.filter(\.isNumber)) }
    }

    /// Makes this process the one that holds the lab, until it lets go of what is returned or ends.
    ///
    /// - Parameter process: Its number for whoever asks who holds the lab.
    /// - Returns: Nil when another process holds it.
    func hold(as process: pid_t = getpid()) throws -> OwnedDescriptor? {
        let file = try makeLock()
        let descriptor = file.raw
        // Who held it may have removed the file: then it keeps nobody else out.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, try isLock(descriptor) else { return nil }
        let text = Array("\(process)\n".utf8)
        try systemCall("ftruncate") { ftruncate(descriptor, 0) }
        try systemCall("write") { unsafe write(descriptor, text, text.count) }
        return file
    }

    private func isLock(_ descriptor: CInt) throws(SystemError) -> Bool {
        var (held, named) = (stat(), stat())
        try systemCall("fstat") { unsafe fstat(descriptor, &held) }
        return unsafe stat(lock, &named) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev
    }

    private func makeLock() throws -> OwnedDescriptor {
        do {
            return try open(O_RDWR | O_CREAT)
        } catch  where error.code == ENOENT {
            try make()  // A down has taken it away meanwhile.
            return try open(O_RDWR | O_CREAT)
        }
    }

    private func open(_ flags: CInt) throws(SystemError) -> OwnedDescriptor {
        OwnedDescriptor(adopting: try systemCall("open") { unsafe Glibc.open(lock, flags | O_CLOEXEC, 0o644) })
    }
}
