internal import Base
internal import CLinux
internal import Glibc
internal import Synchronization

/// What threads other than its own hold of an ``EventLoop``.
public final class EventLoopHandle: Sendable {
    public typealias Job = @Sendable (EventLoop) -> Void

    private struct Inbox {
        var jobs: [Job] = []
        var isStopping = false
        var hasEnded = false
        var thread: pthread_t?
    }

    let wakeup: OwnedDescriptor
    private let inbox = Mutex(Inbox())

    init() throws(SystemError) {
        wakeup = OwnedDescriptor(adopting: try systemCall("eventfd") { CLinux_eventfd() })
    }

    /// Runs `job` on the loop's thread, after every job submitted before it.
    ///
    /// - Returns: False when the loop has ended, and the job will never run.
    @discardableResult
    public func submit(_ job: @escaping Job) -> Bool {
        let (isAccepted, wasEmpty) = inbox.withLock { inbox in
            if inbox.hasEnded { return (false, false) }
            defer { inbox.jobs.append(job) }
            return (true, inbox.jobs.isEmpty)
        }
        if wasEmpty { wake() }
        return isAccepted
    }

    /// Ends ``EventLoop/run()`` after the jobs already submitted; may be called more than once.
    public func stop() {
        inbox.withLock { $0.isStopping = true }
        wake()
    }

    /// Whether the calling thread is the one that runs the loop.
    public var isCurrent: Bool {
        let thread = inbox.withLock { $0.thread }
        return thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false
    }

    private func wake() {
        var one: UInt64 = 1
        // The only possible failure is a full counter, which wakes the loop as well.
        _ = unsafe write(wakeup.raw, &one, 8)
    }

    // For the loop

    func clearWakeup() {
        var count: UInt64 = 0
        _ = unsafe read(wakeup.raw, &count, 8)
    }

    var hasJobs: Bool { inbox.withLock { !$0.jobs.isEmpty || $0.isStopping } }

    func began() { inbox.withLock { $0.thread = pthread_self() } }

    /// Runs the jobs that are there now; true when the loop must end after this turn.
    func runJobs(_ loop: EventLoop) -> Bool {
        let (jobs, isStopping) = inbox.withLock { inbox in
            var jobs: [Job] = []
            swap(&jobs, &inbox.jobs)
            return (jobs, inbox.isStopping)
        }
        for job in jobs { job(loop) }
        return isStopping
    }

    /// Runs what was submitted during the last turn, and accepts nothing more.
    func ended(_ loop: EventLoop) {
        let jobs = inbox.withLock { inbox in
            inbox.hasEnded = true
            inbox.thread = nil
            return inbox.jobs
        }
        for job in jobs { job(loop) }
        inbox.withLock { $0.jobs = [] }
    }
}
