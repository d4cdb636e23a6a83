internal import Base
internal import Glibc
internal import Kubernetes
internal import Synchronization

/// A program that a user runs in a container, on pipes or on a terminal.
final class ExecSession: ContainerSession {
    let output: AsyncThrowingStream<ContainerOutput, any Error>
    private let process: ChildProcess
    private let reader: ExecOutput
    private let state: Mutex<State>

    private struct State {
        /// Where input goes; -1 when it is closed.
        var input: CInt
        let hasTerminal: Bool
        var isClosed = false
    }

    /// Takes over `input` and `sources`.
    private init(_ process: ChildProcess, input: CInt, sources: [CInt], hasTerminal: Bool) {
        self.process = process
        state = Mutex(State(input: input, hasTerminal: hasTerminal))
        let reader = ExecOutput(process, sources)
        self.reader = reader
        output = AsyncThrowingStream { try await reader.next() }
    }

    /// - Parameter launch: Starts the program with the streams given.
    static func start(
        _ options: TerminalOptions,
        launch: (ChildProcess.Streams) throws -> ChildProcess
    ) throws -> ExecSession {
        options.tty ? try startOnTerminal(launch) : try startOnPipes(options, launch)
    }

    private static func startOnTerminal(
        _ launch: (ChildProcess.Streams) throws -> ChildProcess
    ) throws -> ExecSession {
        let terminal = try PseudoTerminal()
        defer { Glibc.close(terminal.userEnd) }
        do {
            let process = try launch(ChildProcess.Streams(terminal: terminal.name))
            let input = try systemCall("fcntl") { fcntl(terminal.controlEnd, F_DUPFD_CLOEXEC, 0) }
            return ExecSession(process, input: input, sources: [terminal.controlEnd], hasTerminal: true)
        } catch {
            Glibc.close(terminal.controlEnd)
            throw error
        }
    }

    private static func startOnPipes(
        _ options: TerminalOptions,
        _ launch: (ChildProcess.Streams) throws -> ChildProcess
    ) throws -> ExecSession {
        let (input, output, errors) = (try makePipe(), try makePipe(), try makePipe())
        let streams = ChildProcess.Streams(input: input.readEnd, output: output.writeEnd, error: errors.writeEnd)
        let started = Result { try launch(streams) }
        for descriptor in [input.readEnd, output.writeEnd, errors.writeEnd] { Glibc.close(descriptor) }
        if !options.stdin { Glibc.close(input.writeEnd) }
        switch started {
        case .success(let process):
            return ExecSession(
                process,
                input: options.stdin ? input.writeEnd : -1,
                sources: [output.readEnd, errors.readEnd],
                hasTerminal: false
            )
        case .failure(let error):
            if options.stdin { Glibc.close(input.writeEnd) }
            for descriptor in [output.readEnd, errors.readEnd] { Glibc.close(descriptor) }
            throw error
        }
    }

    func writeInput(_ bytes: [UInt8]) async throws {
        // A duplicate, so that a close meanwhile cannot hand the number to another file.
        let copy = state.withLock { $0.input >= 0 ? fcntl($0.input, F_DUPFD_CLOEXEC, 0) : -1 }
        guard copy >= 0 else { return }
        try await blocking {
            writeBlocking(copy, bytes)
            _ = Glibc.close(copy)
        }
    }

    func closeInput() async {
        state.withLock { state in
            guard state.input >= 0, !state.hasTerminal else { return }
            Glibc.close(state.input)
            state.input = -1
        }
    }

    func resize(columns: UInt16, rows: UInt16) async {
        state.withLock { state in
            guard state.input >= 0, state.hasTerminal else { return }
            var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
            _ = unsafe ioctl(state.input, UInt(TIOCSWINSZ), &size)
        }
    }

    func close() async {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            if state.input >= 0 { Glibc.close(state.input) }
            state.input = -1
            return !state.isClosed
        }
        // runc hands the signal on to the program.
        if isFirst, !reader.isOver { process.signal(SIGHUP) }
    }
}
