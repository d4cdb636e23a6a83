internal import Base
internal import CLinux
internal import Glibc
internal import Synchronization

/// A thread with an ``EventLoop`` and the one `Worker` that lives there.
///
/// `Worker` need not be Sendable: it is made on the thread, handed to jobs on the thread, and never leaves.
public final class EventLoopThread<Worker>: Sendable {
    public let handle: EventLoopHandle
    private let worker: LoopBound<Worker>
    private let thread: Thread
    private let isJoined: Mutex<Bool>

    /// Starts the thread and returns when `makeWorker` has.
    ///
    /// - Parameters:
    ///   - name: For `top -H` and debuggers; at most 15 octets of it are kept.
    ///   - makeWorker: Runs on the new thread, before its loop does.
    /// - Throws: What `makeWorker` throws, or ``SystemError``.
    public init(name: String, _ makeWorker: @escaping @Sendable (EventLoop) throws -> Worker) throws {
        let started = try Started<Worker>()
        let thread = try Thread(name: name) {
            do {
                let loop = try EventLoop()
                let worker = LoopBound(try makeWorker(loop))
                started.finish(.success((loop.handle, worker)))
                try loop.run()
                worker.clear()
            } catch {
                started.finish(.failure(error))
            }
        }
        let (handle, worker) = try started.wait()
        // Nothing may throw once a Mutex is set: specializing such an init crashes the optimizer of Swift 6.3.1.
        (self.thread, self.handle, self.worker) = (thread, handle, worker)
        isJoined = Mutex(false)
    }

    /// Runs `job` on the thread, after every job submitted before it; false when the loop has ended.
    @discardableResult
    public func submit(_ job: @escaping @Sendable (Worker) -> Void) -> Bool {
        handle.submit { [worker] _ in worker.withValue(job) }
    }

    /// Ends the loop after the jobs already submitted, and waits until the thread is gone.
    ///
    /// Never call it on the thread itself.
    public func stopAndJoin() {
        handle.stop()
        let isFirst = isJoined.withLock { joined in
            defer { joined = true }
            return !joined
        }
        if isFirst { thread.join() }
    }
}

/// Hands the outcome of a thread's beginning to the thread that started it.
private final class Started<Worker>: Sendable {
    typealias Outcome = Result<(EventLoopHandle, LoopBound<Worker>), any Error>
    private let outcome: Mutex<Outcome?>
    private let readEnd: OwnedDescriptor
    private let writeEnd: OwnedDescriptor

    init() throws(SystemError) {
        var ends: [CInt] = [-1, -1]
        try systemCall("pipe2") { unsafe CLinux_pipe(&ends, 0) }
        readEnd = OwnedDescriptor(adopting: ends[0])
        writeEnd = OwnedDescriptor(adopting: ends[1])
        outcome = Mutex(nil)
    }

    /// Only the first outcome counts.
    func finish(_ result: Outcome) {
        outcome.withLock { $0 = $0 ?? result }
        var octet: UInt8 = 0
        _ = unsafe write(writeEnd.raw, &octet, 1)
    }

    func wait() throws -> (EventLoopHandle, LoopBound<Worker>) {
        var octet: UInt8 = 0
        let descriptor = readEnd.raw
        try systemCall("read") { unsafe read(descriptor, &octet, 1) }
        guard let result = outcome.withLock({ $0 }) else { preconditionFailure("a thread began without an outcome") }
        return try result.get()
    }
}
