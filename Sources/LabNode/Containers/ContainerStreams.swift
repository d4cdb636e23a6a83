internal import CLinux
internal import Glibc
internal import Kubernetes
internal import Network
internal import Synchronization

/// The standard streams of a container's own program: to its log, and to and from the users who attach.
final class ContainerStreams: Sendable {
    private struct State {
        /// What was printed before anybody attached, as long as it is little; nil afterwards.
        var early: [ContainerOutput]? = []
        var earlySize = 0
        var users: [ObjectIdentifier: OutputMerger] = [:]
        var isOver = false
    }

    private let streams: ContainerRuntime.Started
    private let endsInputOnce: Bool
    private let input: InputQueue?
    private let state = Mutex(State())

    /// Octets that the first user sees although they were printed before; a program that prints more has a log.
    private static let earlyLimit = 16_384

    init(_ streams: ContainerRuntime.Started, of container: ContainerSpecification) {
        self.streams = streams
        endsInputOnce = container.inputEndsOnce && !container.hasTerminal
        input = streams.input.map(InputQueue.init)
    }

    /// Writes what the container prints to its log and to its users, until everybody has closed its output.
    func follow(_ log: ContainerLogWriter?) async {
        await withDiscardingTaskGroup { group in
            for (number, pipe) in [streams.output, streams.error].enumerated() {
                guard let pipe else { continue }
                group.addTask {
                    // A terminal ends with an error when its last user is gone.
                    while let bytes = try? await pipe.read(), !bytes.isEmpty {
                        log?.append(bytes, stream: number)
                        await self.show(number == 0 ? .stdout(bytes) : .stderr(bytes), size: bytes.count)
                    }
                }
            }
        }
        log?.finish()
        let users = state.withLock { state in
            state.isOver = true
            return Array(state.users.values)
        }
        for user in users {
            await user.put(.exited(code: 0))  // How it ended is told by the pod's status, as everywhere.
            user.finish()
        }
        streams.input?.close()
    }

    /// A user who does not take what is shown holds up the container, as a full terminal does.
    private func show(_ piece: ContainerOutput, size: Int) async {
        let users = state.withLock { state in
            if state.early != nil {
                state.earlySize += size
                if state.earlySize > Self.earlyLimit { state.early = nil } else { state.early?.append(piece) }
            }
            return Array(state.users.values)
        }
        for user in users { await user.put(piece) }
    }

    /// Shows a user what is printed from now on; the first one also what was before.
    ///
    /// - Returns: What was before, and the rest.
    func attach() -> (early: [ContainerOutput], merger: OutputMerger) {
        let merger = OutputMerger()
        return state.withLock { state in
            defer { state.early = nil }
            let early = state.early ?? []
            if state.isOver { return (early + [.exited(code: 0)], merger) }
            state.users[ObjectIdentifier(merger)] = merger
            return (early, merger)
        }
    }

    /// The user has gone.
    func detach(_ merger: OutputMerger) {
        state.withLock { $0.users[ObjectIdentifier(merger)] = nil }
        merger.finish()
    }

    /// Types into the container; nothing happens when it has no input.
    func write(_ bytes: [UInt8]) async throws { try await input?.write(bytes) }

    /// A user who may type has nothing more to say.
    func inputEnded() async { if endsInputOnce { await input?.close() } }

    func resize(columns: UInt16, rows: UInt16) {
        _ = streams.output.withDescriptor { CLinux_resize_terminal($0, CInt(columns), CInt(rows)) }
    }
}

/// Lets several users write to one pipe, one piece after the other.
private actor InputQueue {
    private let pipe: AsyncPipe
    private var last: Task<Void, any Error>?

    init(_ pipe: AsyncPipe) { self.pipe = pipe }

    func write(_ bytes: [UInt8]) async throws {
        let previous = last
        let task = Task { [pipe] in
            _ = await previous?.result
            try await pipe.write(bytes)
        }
        last = task
        try await task.value
    }

    /// Lets the program see the end, once it has got everything.
    func close() async {
        _ = await last?.result
        pipe.close()
    }
}
