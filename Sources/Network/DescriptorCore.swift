internal import Base
internal import EventLoop
internal import Glibc
internal import Synchronization
internal import TLS

/// A non-blocking descriptor that tasks read and write, parking while they must wait.
///
/// Tasks do the I/O themselves, under the lock; the loop only wakes those that wait. It is registered once,
/// edge-triggered: the flags remember what the last event and the last attempt said.
final class DescriptorCore: ReadinessHandler, Sendable {
    struct State: ~Copyable {
        /// Nil once it is closed.
        var descriptor: OwnedDescriptor?
        var tls: TLSConnection?
        /// Bytes given back by the reader, to be read first.
        var returned: [UInt8] = []
        var isClosed = false

        fileprivate var registration: Registration?
        fileprivate var isReadable = true
        fileprivate var isWritable: Bool
        /// The peer has closed or failed: reading tells more, and will not wait.
        fileprivate var isOver = false
        fileprivate var waiters: [Waiter] = []
        fileprivate var nextWaiter: UInt64 = 0

        /// The waiters, who must then be resumed after the lock is given back: to resume a task takes a lock of the
        /// task's, under which a cancellation handler of ours waits for this one.
        fileprivate mutating func takeWaiters(where isReady: (Event) -> Bool = { _ in true }) -> [Waiter] {
            let taken = waiters.filter { isReady($0.event) }
            waiters.removeAll { isReady($0.event) }
            return taken
        }
    }

    fileprivate struct Waiter {
        let id: UInt64
        let event: Event
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// What a task waits for.
    enum Event: Sendable {
        case readable, writable
    }

    /// What one attempt came to.
    enum Attempt<Value: Sendable>: Sendable {
        case done(Value)
        case wait(Event)
    }

    private let state: Mutex<State>
    /// Whose descriptor it is, for errors.
    let name: String

    /// - Parameter isConnecting: Whether it becomes usable only when it becomes writable.
    init(_ descriptor: consuming OwnedDescriptor, name: String, isConnecting: Bool = false) {
        let raw = descriptor.raw
        state = Mutex(State(descriptor: descriptor, isWritable: !isConnecting))
        self.name = name
        NetworkLoop.handle.submit { [self] loop in
            let woken = state.withLock { state -> [Waiter] in
                if state.isClosed { return [] }
                do {
                    state.registration = try loop.add(raw, [.readable, .writable, .peerClosed], trigger: .edge, self)
                    return []
                } catch {
                    // Not watchable (a regular file) or no memory: let attempts find out by themselves.
                    state.isOver = true
                    return state.takeWaiters()
                }
            }
            for waiter in woken { waiter.continuation.resume() }
        }
    }

    /// Starts TLS on top; before anybody reads or writes.
    func startTLS(_ make: @Sendable (CInt) -> sending TLSConnection) {
        state.withLock { state in
            guard let descriptor = state.descriptor?.raw else { return }
            state.tls = make(descriptor)
        }
    }

    /// Tries `body` until it is done, waiting in between for what it asks for.
    ///
    /// - Throws: What `body` throws; ``MeshError`` `cancelled` when the task is cancelled or this side closes.
    func perform<Value: Sendable>(
        _ body: (inout State, CInt) throws -> Attempt<Value>
    ) async throws -> Value {
        while true {
            let attempt = try state.withLock { state throws -> Attempt<Value> in
                guard let descriptor = state.descriptor?.raw, !state.isClosed else { throw closedError() }
                let attempt = try body(&state, descriptor)
                if case .wait(let event) = attempt, !state.isOver {
                    if event == .readable { state.isReadable = false } else { state.isWritable = false }
                }
                return attempt
            }
            switch attempt {
            case .done(let value): return value
            case .wait(let event): try await wait(for: event)
            }
        }
    }

    /// Looks at the state without waiting.
    func inspect<Value: Sendable>(_ body: (inout State) -> Value) -> Value { state.withLock { body(&$0) } }

    /// Whether this side or, as far as the loop was told, the peer has closed the connection.
    var isOver: Bool { state.withLock { $0.isClosed || $0.isOver } }

    /// Waits until an event says that trying again may help.
    func wait(for event: Event) async throws {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                park(Waiter(id: id, event: event, continuation: continuation))
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(throwing: cancelledError())
        }
    }

    private func park(_ waiter: Waiter) {
        let error: (any Error)?? = state.withLock { state in
            // Asked under the lock: a cancellation after this finds the waiter, one before it is seen here.
            if Task.isCancelled { return .some(cancelledError()) }
            if state.isClosed { return .some(closedError()) }
            let isReady = waiter.event == .readable ? state.isReadable : state.isWritable
            if isReady || state.isOver { return .some(nil) }
            state.waiters.append(waiter)
            return nil
        }
        switch error {
        case .some(.some(let error)): waiter.continuation.resume(throwing: error)
        case .some(.none): waiter.continuation.resume()
        case .none: break
        }
    }

    func becameReady(_ readiness: Readiness) {
        let woken = state.withLock { state in
            if readiness.contains(.readable) { state.isReadable = true }
            if readiness.contains(.writable) { state.isWritable = true }
            if !readiness.isDisjoint(with: [.peerClosed, .failed]) {
                (state.isReadable, state.isOver) = (true, true)
            }
            let (isReadable, isWritable) = (state.isReadable, state.isWritable)
            let hasFailed = readiness.contains(.failed)
            return state.takeWaiters { hasFailed || ($0 == .readable ? isReadable : isWritable) }
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Closes the descriptor as soon as the loop has let go of it; may be called again.
    func close() {
        let woken = state.withLock { state -> [Waiter]? in
            if state.isClosed { return nil }
            state.isClosed = true
            state.tls?.finishSending()
            state.tls = nil
            if let descriptor = state.descriptor?.raw { shutdown(descriptor, CInt(SHUT_RDWR)) }
            return state.takeWaiters()
        }
        guard let woken else { return }
        for waiter in woken { waiter.continuation.resume(throwing: closedError()) }
        // Only then: a number that is free again could be registered anew before this registration is gone.
        NetworkLoop.handle.submit { [self] loop in
            state.withLock { state in
                if let registration = state.registration { loop.remove(registration) }
                state.registration = nil
                state.descriptor = nil
            }
        }
    }

    private func cancelledError() -> MeshError { MeshError(.cancelled, "waiting for \(name) was cancelled") }
    private func closedError() -> MeshError { MeshError(.cancelled, "\(name) was closed by this side") }

    /// An errno of the connection, in the words of ``MeshError``.
    func error(_ doing: String, _ code: CInt) -> MeshError {
        MeshError(.unavailable, "\(doing) \(name)", cause: SystemError(call: doing, code: code))
    }
}
