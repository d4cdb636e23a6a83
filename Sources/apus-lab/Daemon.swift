import Base
import Glibc

/// Starts this program again in the background.
enum Daemon {
    /// The descriptor on which the process in the background says how it starts.
    static let reportDescriptor: CInt = 3

    /// How a start went.
    enum Report: Hashable {
        case ready
        /// Another process holds the lab.
        case held
        case failed(String)

        var text: String {
            switch self {
            case .ready: "ready"
            case .held: "held"
            case .failed(let reason): "failed \(reason)"
            }
        }

        init?(_ text: String) {
            switch text {
            case "ready": self = .ready
            case "held": self = .held
            case _ where text.hasPrefix("failed "): self = .failed(String(text.dropFirst(7)))
            default: return nil
            }
        }
    }

    /// - Returns: What the new process said before it closed the descriptor; nil when it simply ended.
    static func start(arguments: [String], log: String) throws -> Report? {
        var ends: [CInt] = [0, 0]
        try systemCall("pipe") { unsafe pipe(&ends) }
        let reader = OwnedDescriptor(adopting: ends[0])
        let writer = OwnedDescriptor(adopting: ends[1])
        _ = fcntl(reader.raw, F_SETFD, FD_CLOEXEC)
        _ = fcntl(writer.raw, F_SETFD, FD_CLOEXEC)
        try spawn(arguments, log: log, report: writer.raw)
        _ = consume writer  // Closed here, so that the end of the other process is the end of its report.
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        let descriptor = reader.raw
        while true {
            let count = try systemCall("read") { unsafe read(descriptor, &chunk, chunk.count) }
            if count == 0 { return Report(String(decoding: text, as: UTF8.self)) }
            text += chunk[..<count]
        }
    }

    private static func spawn(_ arguments: [String], log: String, report: CInt) throws {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        unsafe posix_spawn_file_actions_adddup2(&actions, report, reportDescriptor)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // Away from the terminal: neither its end nor Ctrl-C is the lab's.
        unsafe posix_spawnattr_setflags(&attributes, Int16(newSession))
        var process = pid_t()
        var words = unsafe (["apus-lab"] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        let code = unsafe posix_spawn(&process, "/proc/self/exe", &actions, &attributes, &words, environ)
        guard code == 0 else { throw SystemError(call: "posix_spawn", code: code) }
    }

    /// `POSIX_SPAWN_SETSID` of glibc, which Swift does not see.
    private static let newSession = 0x80

    /// Says how the start went, to the process that waits for it; to be called once.
    ///
    /// - Returns: Whether somebody waits.
    @discardableResult
    static func report(_ report: Report) -> Bool {
        let bytes = Array(report.text.utf8)
        let count = unsafe write(reportDescriptor, bytes, bytes.count)
        close(reportDescriptor)
        return count == bytes.count
    }
}
