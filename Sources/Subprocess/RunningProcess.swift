public import Base
internal import CLinux
internal import Glibc
public import Network
internal import Synchronization

/// A program that was started, until somebody has asked how it ended.
///
/// It is waited for in any case, so no zombie is left behind; it is not killed when this object goes.
public final class RunningProcess: Sendable {
    public let processID: Int32
    /// Its standard input, or its terminal; nil unless a pipe was asked for.
    ///
    /// Close it to let the program see the end.
    public let input: AsyncPipe?
    /// Its standard output, or its terminal; nil unless a pipe was asked for.
    public let output: AsyncPipe?
    /// Its standard error; nil unless a pipe was asked for.
    public let error: AsyncPipe?

    private let watch: Watch

    init(
        _ processID: pid_t,
        name: String,
        input: AsyncPipe?,
        output: AsyncPipe?,
        error: AsyncPipe?
    ) throws(SystemError) {
        (self.processID, self.input, self.output, self.error) = (processID, input, output, error)
        let watch = try Watch(processID, name: name)
        self.watch = watch
        Task { try await watch.waitForExit() }
    }

    /// Takes charge of a child that somebody else started, such as an orphan left to this program as its subreaper.
    ///
    /// - Parameter processID: A child that nobody has waited for and nobody else waits for.
    public convenience init(adopting processID: Int32, name: String) throws(SystemError) {
        try self.init(processID, name: name, input: nil, output: nil, error: nil)
    }

    /// Waits until the program has ended; may be called again.
    ///
    /// Its output may still hold what it wrote, and stay open in the hands of what it started.
    public func waitForExit() async throws -> ExitStatus { try await watch.waitForExit() }

    /// Sends a signal to the program; nothing happens when it has ended.
    public func signal(_ signal: CInt) { watch.signal(signal) }

    /// Sends a signal to the program and all it started in its process group.
    public func signalGroup(_ signal: CInt) { watch.signalGroup(processID, signal) }

    /// Tells the program's terminal its new size; nothing happens without one.
    public func resizeTerminal(_ size: Subprocess.TerminalSize) {
        _ = output?.withDescriptor { CLinux_resize_terminal($0, CInt(size.columns), CInt(size.rows)) }
    }
}

/// The kernel's handle on a process, which never comes to mean another one.
private final class Watch: Sendable {
    private let readiness: AsyncReadiness
    private let pidfd: CInt
    private let status = Mutex<ExitStatus?>(nil)

    init(_ processID: pid_t, name: String) throws(SystemError) {
        pidfd = try systemCall("pidfd_open") { CLinux_pidfd_open(processID) }
        readiness = AsyncReadiness(adopting: OwnedDescriptor(adopting: pidfd), name: "the end of \(name)")
    }

    func waitForExit() async throws -> ExitStatus {
        try await readiness.whenReadable { pidfd in
            try status.withLock { status throws(SystemError) in
                if let status { return status }
                var (isSignal, value): (CInt, CInt) = (0, 0)
                let result = try systemCall("waitid") { unsafe CLinux_pidfd_wait(pidfd, &isSignal, &value) }
                if result == 1 { status = isSignal != 0 ? .killed(signal: value) : .exited(value) }
                return status
            }
        }
    }

    func signal(_ signal: CInt) { _ = CLinux_pidfd_signal(pidfd, signal) }

    /// The group's number is the process's own, which cannot be used anew before the process has been waited for.
    func signalGroup(_ processID: pid_t, _ signal: CInt) {
        status.withLock { if $0 == nil { kill(-processID, signal) } }
    }
}
