/// What the API server asks of a node: the streams of a pod's containers.
///
/// Calls throw ``StatusError``, whose message kubectl shows to the user.
public protocol NodeConnector: Sendable {
    /// What the container printed; ends at the last line, or with ``LogOptions/follow`` when the container ends.
    func logs(
        namespace: String,
        pod: String,
        container: String,
        options: LogOptions
    ) async throws -> AsyncThrowingStream<[UInt8], any Error>

    /// Starts a program in the container.
    func exec(
        namespace: String,
        pod: String,
        container: String,
        command: [String],
        options: TerminalOptions
    ) async throws -> any ContainerSession

    /// Joins the container's own program.
    func attach(
        namespace: String,
        pod: String,
        container: String,
        options: TerminalOptions
    ) async throws -> any ContainerSession

    /// Connects to a port on the pod's loopback.
    func connect(namespace: String, pod: String, port: UInt16) async throws -> any PodConnection
}

/// A TCP connection into a pod.
public protocol PodConnection: Sendable {
    /// What came in, at most `limit` octets; empty at the end of the stream.
    func read(upTo limit: Int) async throws -> [UInt8]
    func write(_ bytes: [UInt8]) async throws
    func shutdownWrite() async throws
    /// Ends both directions; may be called more than once, from any task.
    func close()
}

/// What of a container's log is wanted (`v1.PodLogOptions`).
public struct LogOptions: Sendable, Hashable {
    /// Goes on with what the container prints from now on.
    public var follow = false
    /// The log of the run before the last restart.
    public var previous = false
    /// Begins each line with the time it was printed.
    public var timestamps = false
    /// Lines from the end; nil means all.
    public var tailLines: Int?
    /// Only lines as young as this, in seconds.
    public var sinceSeconds: Int?
    /// Only lines printed at or after this RFC 3339 time.
    public var sinceTime: String?
    /// Octets after which to stop.
    public var limitBytes: Int?

    public init() {}
}

/// Which streams of a program are connected to the user.
public struct TerminalOptions: Sendable, Hashable {
    public var stdin: Bool
    public var stdout: Bool
    public var stderr: Bool
    /// Whether the program gets a terminal, on which stdout and stderr are one.
    public var tty: Bool

    public init(stdin: Bool = false, stdout: Bool = true, stderr: Bool = true, tty: Bool = false) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.tty = tty
    }
}

/// What a program in a container says.
public enum ContainerOutput: Sendable, Hashable {
    case stdout([UInt8])
    case stderr([UInt8])
    /// The program ended; nothing follows.
    case exited(code: Int32)
}

/// A program that runs in a container, as seen from outside.
public protocol ContainerSession: Sendable {
    /// Everything it prints and how it ends; read by one task.
    var output: AsyncThrowingStream<ContainerOutput, any Error> { get }
    func writeInput(_ bytes: [UInt8]) async throws
    /// The user has nothing more to say.
    func closeInput() async
    /// The size of the user's terminal, in characters.
    func resize(columns: UInt16, rows: UInt16) async
    /// The user has gone: ends the program, if ``NodeConnector/exec(namespace:pod:container:command:options:)`` started it.
    func close() async
}
