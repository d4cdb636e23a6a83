internal import Base
internal import Glibc
internal import Kubernetes
internal import Synchronization

/// What a program prints and how it ends, read only as fast as somebody asks for it.
final class ExecOutput: Sendable {
    private let process: ChildProcess
    /// Standard output (or a terminal) and standard error; -1 when closed.
    private let sources: Mutex<[CInt]>
    private let hasEnded = Mutex(false)

    /// Takes over the descriptors.
    init(_ process: ChildProcess, _ sources: [CInt]) {
        self.process = process
        self.sources = Mutex(sources)
    }

    deinit { sources.withLock { for source in $0 where source >= 0 { close(source) } } }

    /// Whether the program has ended and been waited for.
    var isOver: Bool { hasEnded.withLock { $0 } }

    /// What comes next; nil after the exit; asked by one task at a time.
    func next() async throws -> ContainerOutput? {
        if isOver { return nil }
        return try await blocking { [self] in
            if let output = read() { return output }
            let status = process.waitBlocking()
            hasEnded.withLock { $0 = true }
            return .exited(code: Int32(status.code))
        }
    }

    /// Blocks until one of the streams has something; nil when both are at their end.
    private func read() -> ContainerOutput? {
        sources.withLock { sources in
            while sources.contains(where: { $0 >= 0 }) {
                var waits = sources.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
                guard (try? systemCall("poll") { unsafe poll(&waits, nfds_t(waits.count), -1) }) != nil else {
                    return nil
                }
                for index in waits.indices where waits[index].fd >= 0 && waits[index].revents != 0 {
                    let bytes = readBlocking(waits[index].fd)
                    if !bytes.isEmpty { return index == 0 ? .stdout(bytes) : .stderr(bytes) }
                    close(waits[index].fd)  // A terminal ends with an error when its last user is gone.
                    sources[index] = -1
                }
            }
            return nil
        }
    }
}
