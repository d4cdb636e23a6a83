public import Base
internal import CLinux
internal import Glibc
internal import Network

/// A program to run, with everything it starts with.
///
/// It gets a process group of its own, default signals, and no descriptor but its three standard streams.
public struct Subprocess: Sendable {
    /// Where a standard stream leads.
    public enum Stream: Sendable, Hashable {
        /// `/dev/null`.
        case null
        /// To ``RunningProcess``.
        case pipe
        /// Where this program's own goes.
        case inherited
        /// To a descriptor that stays the caller's, and must be open until the program has started.
        case descriptor(CInt)
        /// Standard error only: the same as standard output.
        case sameAsOutput
    }

    /// The width and height of a terminal in characters.
    public struct TerminalSize: Sendable, Hashable {
        public var columns: Int
        public var rows: Int

        public init(columns: Int, rows: Int) { (self.columns, self.rows) = (columns, rows) }
    }

    /// A path, or a name to be looked for in this program's PATH.
    public var program: String
    /// Without the program's own name, which always comes first.
    public var arguments: [String]
    /// All variables; nil for this program's own.
    public var environment: [String: String]?
    /// Nil for this program's own.
    public var workingDirectory: String?
    public var input = Stream.null
    public var output = Stream.pipe
    public var error = Stream.pipe
    /// Gives the program a new terminal of this size instead of ``input``, ``output`` and ``error``.
    public var terminal: TerminalSize?

    public init(_ program: String, _ arguments: [String] = []) { (self.program, self.arguments) = (program, arguments) }

    /// Starts the program.
    ///
    /// - Throws: ``MeshError`` `notFound` when there is no such program, otherwise `unavailable`.
    public func start() throws(MeshError) -> RunningProcess {
        do {
            return try startNow()
        } catch {
            let code: MeshError.Code = error.code == ENOENT ? .notFound : .unavailable
            throw MeshError(code, "cannot start \(program)", cause: error)
        }
    }

    private func startNow() throws(SystemError) -> RunningProcess {
        if let terminal { return try startInTerminal(terminal) }
        let input = try End(input, "standard input of \(program)", standard: 0)
        let output = try End(output, "standard output of \(program)", standard: 1)
        let error = try End(error, "standard error of \(program)", standard: 2, output: output.child)
        let pid = try spawn(terminal: nil, input.child, output.child, error.child)
        return try RunningProcess(
            pid,
            name: program,
            input: input.takeParent(),
            output: output.takeParent(),
            error: error.takeParent()
        )
    }

    private func startInTerminal(_ size: TerminalSize) throws(SystemError) -> RunningProcess {
        var name = [CChar](repeating: 0, count: 128)
        let near = OwnedDescriptor(
            adopting: try systemCall("posix_openpt") { unsafe CLinux_open_terminal(&name, name.count) }
        )
        CLinux_resize_terminal(near.raw, CInt(size.columns), CInt(size.rows))
        let raw = near.raw
        let second = OwnedDescriptor(adopting: try systemCall("dup") { fcntl(raw, F_DUPFD_CLOEXEC, 3) })
        let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let pid = try spawn(terminal: path, -1, -1, -1)
        return try RunningProcess(
            pid,
            name: program,
            input: AsyncPipe(adopting: second, name: "terminal of \(program)"),
            output: AsyncPipe(adopting: near, name: "terminal of \(program)"),
            error: nil
        )
    }

    private func spawn(terminal: String?, _ input: CInt, _ output: CInt, _ error: CInt) throws(SystemError) -> pid_t {
        let variables = environment.map { $0.map { "\($0.key)=\($0.value)" } }
        let arguments = CStrings([program] + arguments)
        let environment = variables.map { CStrings($0) }
        let strings = CStrings([program, workingDirectory ?? "", terminal ?? ""])
        // Safe: the arrays outlive the call, which copies what the new program needs.
        var description = unsafe CLinux_program()
        unsafe description.program = UnsafePointer(strings.base[0])
        unsafe description.arguments = UnsafePointer(arguments.base)
        unsafe description.environment = environment.map { unsafe UnsafePointer($0.base) } ?? UnsafePointer(environ)
        unsafe description.directory = workingDirectory == nil ? nil : UnsafePointer(strings.base[1])
        unsafe description.terminal = terminal == nil ? nil : UnsafePointer(strings.base[2])
        unsafe (description.input, description.output, description.error) = (input, output, error)
        var pid = pid_t()
        let code = unsafe CLinux_spawn(&description, &pid)
        withExtendedLifetime((arguments, environment, strings)) {}
        if code != 0 { throw SystemError(call: "posix_spawn", code: code) }
        return pid
    }
}

/// The two ends of one standard stream.
private final class End {
    /// What the program gets.
    let child: CInt
    private let ownedChild: OwnedDescriptor?
    private var parent: AsyncPipe?

    init(
        _ stream: Subprocess.Stream,
        _ name: String,
        standard: CInt,
        output: CInt = -1
    ) throws(SystemError) {
        switch stream {
        case .inherited:
            child = standard
            ownedChild = nil
        case .descriptor(let descriptor):
            child = descriptor
            ownedChild = nil
        case .sameAsOutput:
            child = output
            ownedChild = nil
        case .null:
            let null = try systemCall("open") { unsafe open("/dev/null", O_RDWR | O_CLOEXEC) }
            child = null
            ownedChild = OwnedDescriptor(adopting: null)
        case .pipe:
            var ends: [CInt] = [-1, -1]
            try systemCall("pipe2") { unsafe CLinux_pipe(&ends, 0) }
            let (near, far) = standard == 0 ? (ends[1], ends[0]) : (ends[0], ends[1])
            parent = AsyncPipe(adopting: OwnedDescriptor(adopting: near), name: name)
            child = far
            ownedChild = OwnedDescriptor(adopting: far)
        }
    }

    func takeParent() -> AsyncPipe? { parent.take() }
}

/// Strings for C: an array of pointers that ends with null.
@safe private final class CStrings {
    let base: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        unsafe base = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() { unsafe (base + index).initialize(to: strdup(string)) }
        unsafe (base + count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { unsafe free(base[index]) }
        unsafe base.deallocate()
    }
}
