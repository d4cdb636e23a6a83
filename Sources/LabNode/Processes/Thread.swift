internal import Glibc

private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    // Safe: the argument is the Work that runOnThread retained for this thread.
    if let argument = unsafe argument { unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
    return nil
}

/// Runs blocking work on a thread of its own, so that no task's thread is held up by it.
///
/// The stack is small: `body` must not recurse deeply.
func runOnThread(_ body: @escaping @Sendable () -> Void) {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    unsafe pthread_attr_setstacksize(&attributes, 256 << 10)
    defer { unsafe pthread_attr_destroy(&attributes) }
    var thread = pthread_t()
    // Safe: the retained Work is released exactly once, by the new thread or below if there is none.
    let work = unsafe Unmanaged.passRetained(Work(body))
    let result = unsafe pthread_create(&thread, &attributes, threadMain, work.toOpaque())
    if result != 0 {
        unsafe work.release()
        body()  // Out of threads: slow is better than lost.
    }
}

/// The result of `body`, which blocks, without holding up the calling task's thread.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        runOnThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}
