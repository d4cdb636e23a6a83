internal import Base
internal import CLinux
internal import Glibc

/// How a process ended.
enum ExitStatus: Sendable, Hashable {
    case exited(Int)
    case signaled(Int)

    /// As shells count: 128 and the signal's number when a signal ended it.
    var code: Int {
        switch self {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }

    init(waitStatus status: CInt) {
        let signal = status & 0x7f
        self = signal == 0 ? .exited(Int(status >> 8 & 0xff)) : .signaled(Int(signal))
    }
}

/// A process that this one started, or that became its child because its parent ended.
struct ChildProcess: Sendable, Hashable {
    let identifier: pid_t

    /// What a child's standard input, output and error are.
    struct Streams: Sendable {
        /// -1 means `/dev/null`.
        var input: CInt = -1
        var output: CInt = -1
        var error: CInt = -1
        /// A terminal to open as all three, and to be the child's controlling one.
        var terminal: String?
    }

    /// Starts `arguments`, whose first is looked up in `PATH`; it gets no descriptor but its streams.
    static func start(
        _ arguments: [String],
        streams: Streams = Streams(),
        environment: [String: String] = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    ) throws(SystemError) -> ChildProcess {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in [(0, streams.input), (1, streams.output), (2, streams.error)] as [(CInt, CInt)] {
            if let terminal = streams.terminal {
                unsafe posix_spawn_file_actions_addopen(&actions, number, terminal, O_RDWR, 0)
            } else if descriptor >= 0 {
                unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, number)
            } else {
                unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
            }
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // A session of its own: a signal from this program's terminal does not reach it.
        let flags = CLinux_SPAWN_SETSID | CShort(POSIX_SPAWN_SETSIGDEF) | CShort(POSIX_SPAWN_SETSIGMASK)
        unsafe posix_spawnattr_setflags(&attributes, flags)
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        return try unsafe spawn(arguments, environment.map { "\($0.key)=\($0.value)" }, &actions, &attributes)
    }

    private static func spawn(
        _ arguments: [String],
        _ environment: [String],
        _ actions: inout posix_spawn_file_actions_t,
        _ attributes: inout posix_spawnattr_t
    ) throws(SystemError) -> ChildProcess {
        var identifier: pid_t = 0
        // Safe: the copies outlive the call, and each is freed once.
        let argumentList = unsafe arguments.map { unsafe strdup($0) } + [nil]
        let environmentList = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            unsafe argumentList.forEach { unsafe free($0) }
            unsafe environmentList.forEach { unsafe free($0) }
        }
        let code = unsafe posix_spawnp(
            &identifier,
            arguments.first ?? "",
            &actions,
            &attributes,
            argumentList,
            environmentList
        )
        if code != 0 { throw SystemError(call: "posix_spawn \(arguments.first ?? "")", code: code) }
        return ChildProcess(identifier: identifier)
    }

    /// Blocks until the process ends, and forgets it; to be called once.
    func waitBlocking() -> ExitStatus {
        let process = identifier
        var status: CInt = 0
        guard (try? systemCall("waitpid") { unsafe waitpid(process, &status, 0) }) != nil else {
            return .exited(255)  // Not our child: its status went to somebody else.
        }
        return ExitStatus(waitStatus: status)
    }

    /// Waits until the process ends; to be called once, and not after ``waitBlocking()``.
    func wait() async -> ExitStatus {
        await withCheckedContinuation { continuation in
            runOnThread { continuation.resume(returning: waitBlocking()) }
        }
    }

    func signal(_ number: CInt) { _ = kill(identifier, number) }
}
