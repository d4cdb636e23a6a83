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

    /// - Parameters:
    ///   - command: The words of a program that becomes this one sooner or later.
    ///   - log: The file that everything is written to.
    ///   - listener: A socket for it, as ``UserMachine/listenerDescriptor``.
    /// - Returns: What the new process said before it closed the descriptor; nil when it simply ended.
    static func start(_ command: [String], log: String, listener: CInt?) throws -> Report? {
        var ends: [CInt] = [0, 0]
        try systemCall("pipe") { unsafe pipe(&ends) }
        let reader = OwnedDescriptor(adopting: ends[0])
        let writer = OwnedDescriptor(adopting: ends[1])
        _ = fcntl(reader.raw, F_SETFD, FD_CLOEXEC)
        _ = fcntl(writer.raw, F_SETFD, FD_CLOEXEC)
        try spawn(command, log: log, report: writer.raw, listener: listener)
        _ = consume writer  // Closed here, so that the end of the other process is the end of its report.
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        let descriptor = reader.raw
        while true {
            let count = try systemCall("read") { unsafe read(descriptor, &chunk, chunk.count) }
            text += chunk[..<count]
            // Not only at the end: a program between this one and the other may keep the descriptor open.
            if let end = text.firstIndex(of: UInt8(ascii: "\n")) {
                return Report(String(decoding: text[..<end], as: UTF8.self))
            }
            if count == 0 { return nil }
        }
    }

    private static func spawn(_ command: [String], log: String, report: CInt, listener: CInt?) throws {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Above all targets first, so that none is overwritten before it is copied.
        var wanted = [(report, reportDescriptor)]
        if let listener { wanted.append((listener, UserMachine.listenerDescriptor)) }
        let copies = try wanted.map(above)
        defer { for (copy, _) in copies { close(copy) } }
        for (copy, target) in copies { unsafe posix_spawn_file_actions_adddup2(&actions, copy, target) }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // Away from the terminal: neither its end nor Ctrl-C is the lab's.
        unsafe posix_spawnattr_setflags(&attributes, Int16(newSession))
        var process = pid_t()
        var words = unsafe command.map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        let program = command[0] == ownName ? "/proc/self/exe" : command[0]
        let code = unsafe posix_spawnp(&process, program, &actions, &attributes, &words, environ)
        guard code == 0 else { throw SystemError(call: "posix_spawn", code: code) }
    }

    /// As first word of a command: this program.
    static let ownName = "apus-lab"

    private static func above(_ pair: (CInt, CInt)) throws(SystemError) -> (CInt, CInt) {
        (try systemCall("dup") { fcntl(pair.0, F_DUPFD_CLOEXEC, 16) }, pair.1)
    }

    /// `POSIX_SPAWN_SETSID` of glibc, which Swift does not see.
    private static let newSession = 0x80

    /// Says how the start went, to the process that waits for it; to be called once.
    ///
    /// - Returns: Whether somebody waits.
    @discardableResult
    static func report(_ report: Report) -> Bool {
        let bytes = report.text.utf8.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: " ") : $0 } + [UInt8(ascii: "\n")]
        let count = unsafe write(reportDescriptor, bytes, bytes.count)
        close(reportDescriptor)
        return count == bytes.count
    }
}
