public import Base
internal import CLinux
internal import Glibc

/// A thread of the system's, outside Swift's own pool: for what blocks or never ends.
public struct Thread: Sendable {
    private let raw: pthread_t

    /// Starts a thread that runs `body`.
    ///
    /// - Parameter name: For `top -H` and debuggers; at most 15 octets of it are kept.
    public init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let box = unsafe Unmanaged.passRetained(ThreadBody(name: name, body: body))
        var thread = pthread_t()
        let code = unsafe pthread_create(&thread, nil, runThread, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw SystemError(call: "pthread_create", code: code)
        }
        raw = thread
    }

    /// Waits until `body` has returned; exactly one of ``join()`` and ``detach()`` must be called, once.
    public func join() { pthread_join(raw, nil) }

    /// Lets the thread clean up after itself.
    public func detach() { pthread_detach(raw) }
}

private final class ThreadBody: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        (self.name, self.body) = (String(name.prefix(15)), body)
    }
}

// A top-level function: a closure literal takes its isolation from where it is written, and traps if that is the main actor.
private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument = unsafe argument else { return nil }
    // Safe: Thread.init passed a retained ThreadBody, taken over here exactly once.
    let thread = unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
    unsafe CLinux_name_thread(thread.name)
    thread.body()
    return nil
}
