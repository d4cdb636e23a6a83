import Glibc
import Synchronization

/// Runs an actor's jobs on a thread of its own, so that waiting for the disk holds up nobody else.
final class ThreadExecutor: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wakeUp = Semaphore()

    /// Starts the thread; it ends after ``stop()``.
    init() {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        let code = unsafe pthread_create(&thread, nil, runExecutor, context)
        precondition(code == 0, "no thread for the database: errno \(code)")
        pthread_detach(thread)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wakeUp.signal()
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

    /// Lets the thread end once it has run what is queued; nothing may be enqueued after.
    func stop() {
        state.withLock { $0.isStopped = true }
        wakeUp.signal()
    }

    fileprivate func run() {
        while true {
            wakeUp.wait()
            let (jobs, isStopped) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isStopped)
            }
            for job in jobs { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
            if isStopped, jobs.isEmpty { return }
        }
    }
}

/// The thread's body.
private func runExecutor(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    // Safe: `init` retained the executor for this one use.
    unsafe Unmanaged<ThreadExecutor>.fromOpaque(context).takeRetainedValue().run()
    return nil
}

/// A POSIX semaphore.
@safe private final class Semaphore: @unchecked Sendable {
    // Safe: the semaphore lives at one address until deinit, and its functions may be called from any thread.
    private let pointer = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { unsafe sem_init(pointer, 0, 0) }
    deinit {
        unsafe sem_destroy(pointer)
        unsafe pointer.deallocate()
    }

    func signal() { unsafe sem_post(pointer) }
    func wait() { while unsafe sem_wait(pointer) == -1 && errno == EINTR {} }
}
