internal import Base
internal import EventLoop
internal import Glibc
internal import Synchronization

/// Writes finished lines of all workers to one file, on a thread of its own, so that a slow reader slows no request.
final class LogSink: Sendable {
    /// Octets that may wait for a slow reader; lines beyond are dropped, which is told once there is a reader again.
    static let mostWaiting = 8 << 20

    private let path: String
    private let thread: EventLoopThread<Int>
    private let waiting = Atomic(0)
    private let dropped = Atomic(0)

    /// - Parameter path: `/dev/stdout`, `/dev/stderr` or a file that is appended to.
    init(path: String) throws {
        self.path = path
        thread = try EventLoopThread(name: "access-log") { _ in 0 }
    }

    /// Hands over whole lines; never waits.
    func write(_ lines: [UInt8]) {
        guard waiting.load(ordering: .relaxed) < Self.mostWaiting else {
            dropped.add(1, ordering: .relaxed)
            return
        }
        waiting.add(lines.count, ordering: .relaxed)
        thread.submit { [self] _ in
            if put(lines) { tellOfLosses() } else { dropped.add(1, ordering: .relaxed) }
            waiting.subtract(lines.count, ordering: .relaxed)
        }
    }

    /// Writes what waits, and ends the thread.
    func close() { thread.stopAndJoin() }

    private func tellOfLosses() {
        let count = dropped.exchange(0, ordering: .relaxed)
        guard count > 0 else { return }
        Log("proxy").warn("\(path) was not written \(count) times: its reader is too slow, or it could not be opened")
    }

    /// - Returns: Whether there is such a file.
    private func put(_ lines: [UInt8]) -> Bool {
        switch path {
        case "/dev/stdout": Self.writeAll(lines, to: 1)
        case "/dev/stderr": Self.writeAll(lines, to: 2)
        default:
            // Opened each time, so that the file may be rotated away.
            let file = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
            if file < 0 { return false }
            Self.writeAll(lines, to: file)
            Glibc.close(file)
        }
        return true
    }

    private static func writeAll(_ lines: [UInt8], to descriptor: CInt) {
        var offset = 0
        while offset < lines.count {
            let start = offset
            // Safe: no more than the rest of the buffer is read.
            let count = unsafe lines.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + start }, buffer.count - start)
            }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }  // Nobody reads the log any more: requests matter more.
            offset += count
        }
    }
}
