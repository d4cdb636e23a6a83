public import Base
internal import CLinux
internal import Glibc

/// One thread's descriptors, timers and turn-end work over one epoll.
///
/// Not Sendable: it and all its handlers stay on the thread that runs it. Other threads hold its ``handle``.
/// A turn serves ready descriptors, then submitted jobs, then due timers, then ``TurnHandler``s.
public final class EventLoop {
    /// What other threads may hold of this loop.
    public let handle: EventLoopHandle
    /// The clock as of the beginning of this turn.
    public private(set) var now: MonotonicTime

    private struct Slot {
        var handler: (any ReadinessHandler)?
        var generation: UInt32 = 1
    }

    private let epoll: OwnedDescriptor
    private var slots: [Slot] = []
    private var freeSlots: [UInt32] = []
    private var timers: TimerWheel
    private var isRunning = false
    private var turnHandlers: [any TurnHandler] = []
    private var events = [CLinux_event](repeating: CLinux_event(), count: 256)

    /// Makes a loop that nobody runs yet; SIGPIPE is ignored in this process from now on.
    public init() throws(SystemError) {
        CLinux_ignore_sigpipe()
        epoll = OwnedDescriptor(adopting: try systemCall("epoll_create1") { CLinux_epoll_create() })
        handle = try EventLoopHandle()
        now = .now
        timers = TimerWheel(now: now)
        let (poller, wakeup) = (epoll.raw, handle.wakeup.raw)
        try systemCall("epoll_ctl") { CLinux_epoll_add(poller, wakeup, CLinux_EPOLLIN, Self.wakeupToken) }
    }

    private static let wakeupToken = UInt64.max

    // Descriptors

    /// When an event is reported.
    public enum Trigger: Sendable {
        /// As long as it lasts.
        case level
        /// When it begins; the handler must read or write until it would block.
        case edge
    }

    /// Tells `handler` when `descriptor` is ready for `interest`.
    ///
    /// The loop keeps `handler` until ``remove(_:isClosing:)``, which must come before the descriptor is closed.
    public func add(
        _ descriptor: CInt,
        _ interest: Readiness,
        trigger: Trigger = .level,
        _ handler: any ReadinessHandler
    ) throws(SystemError) -> Registration {
        let slot = freeSlots.popLast() ?? UInt32(slots.count)
        if Int(slot) == slots.count { slots.append(Slot()) }
        let entry = Registration(slot: slot, generation: slots[Int(slot)].generation, descriptor: descriptor)
        let (poller, mask) = (epoll.raw, interest.mask(trigger))
        do {
            try systemCall("epoll_ctl") { CLinux_epoll_add(poller, descriptor, mask, entry.token) }
        } catch {
            freeSlots.append(slot)
            throw error
        }
        slots[Int(slot)].handler = handler
        return entry
    }

    /// Replaces what the descriptor is watched for; nothing happens when it is no longer registered.
    public func update(_ registration: Registration, _ interest: Readiness, trigger: Trigger = .level) {
        guard isCurrent(registration) else { return }
        let result = CLinux_epoll_modify(
            epoll.raw,
            registration.descriptor,
            interest.mask(trigger),
            registration.token
        )
        precondition(result == 0, "a registered descriptor was closed before it was removed")
    }

    /// Tells `handler` from now on, not the one before, of which events already collected are forgotten.
    ///
    /// - Returns: What stands for it, in place of `registration`; nil when that was no longer registered.
    public func hand(
        _ registration: Registration,
        to handler: any ReadinessHandler,
        _ interest: Readiness,
        trigger: Trigger = .level
    ) -> Registration? {
        guard isCurrent(registration) else { return nil }
        var successor = registration
        successor.generation &+= 1
        slots[Int(registration.slot)] = Slot(handler: handler, generation: successor.generation)
        update(successor, interest, trigger: trigger)
        return successor
    }

    /// Forgets the descriptor: its handler is not called again, not even for events already collected.
    ///
    /// - Parameter isClosing: Whether the descriptor is closed right after this, which ends the kernel's watching too.
    public func remove(_ registration: Registration, isClosing: Bool = false) {
        guard isCurrent(registration) else { return }
        if !isClosing { _ = CLinux_epoll_remove(epoll.raw, registration.descriptor) }
        slots[Int(registration.slot)].handler = nil
        slots[Int(registration.slot)].generation &+= 1
        freeSlots.append(registration.slot)
    }

    private func isCurrent(_ registration: Registration) -> Bool {
        let slot = Int(registration.slot)
        return slot < slots.count && slots[slot].generation == registration.generation && slots[slot].handler != nil
    }

    // Timers

    /// Calls `handler` once, `delay` from the beginning of this turn or up to 4 ms later.
    public func schedule(after delay: Duration, _ handler: any TimerHandler) -> TimerID {
        if !isRunning { now = .now }  // There has been no turn that would have looked at the clock.
        return timers.schedule(at: now + delay, handler)
    }

    /// Forgets a timer; one that has fired or was cancelled before is left alone.
    public func cancel(_ timer: TimerID) { timers.cancel(timer) }

    // Turns

    /// Calls `handler` once, at the end of this turn.
    public func atTurnEnd(_ handler: any TurnHandler) { turnHandlers.append(handler) }

    /// Serves the loop on the calling thread until ``EventLoopHandle/stop()``, then lets go of all handlers.
    public func run() throws(SystemError) {
        handle.began()
        isRunning = true
        defer {
            handle.ended(self)
            slots = []
            timers = TimerWheel(now: now)
            turnHandlers = []
        }
        while true {
            let count = try wait()
            now = .now
            for index in 0..<count { dispatch(events[index]) }
            let isStopping = handle.runJobs(self)
            while let due = timers.popDue(now: now) { due.handler.timerFired(due.timer) }
            endTurn()
            if isStopping { return }
        }
    }

    private func wait() throws(SystemError) -> Int {
        var timeout: CInt = -1
        if handle.hasJobs {
            timeout = 0
        } else if let nanoseconds = timers.untilNext(now: .now) {
            timeout = CInt(clamping: (nanoseconds + 999_999) / 1_000_000)
        }
        let (poller, capacity) = (epoll.raw, CInt(events.count))
        let milliseconds = timeout
        return Int(
            try systemCall("epoll_wait") {
                // Safe: the buffer outlives the call and holds the capacity that is passed.
                unsafe events.withUnsafeMutableBufferPointer {
                    unsafe CLinux_epoll_wait(poller, $0.baseAddress, capacity, milliseconds)
                }
            }
        )
    }

    private func dispatch(_ event: CLinux_event) {
        if event.token == Self.wakeupToken { return handle.clearWakeup() }
        let (slot, generation) = (Int(event.token & 0xFFFF_FFFF), UInt32(event.token >> 32))
        // Removed earlier in this turn, and perhaps given to somebody else since.
        guard slots[slot].generation == generation, let handler = slots[slot].handler else { return }
        handler.becameReady(Readiness(mask: event.events))
    }

    private func endTurn() {
        var index = 0
        while index < turnHandlers.count {  // A handler may add another.
            turnHandlers[index].turnEnded()
            index += 1
        }
        turnHandlers.removeAll(keepingCapacity: true)
    }
}

extension Readiness {
    func mask(_ trigger: EventLoop.Trigger) -> UInt32 {
        var mask: UInt32 = trigger == .edge ? CLinux_EPOLLET : 0
        if contains(.readable) { mask |= CLinux_EPOLLIN }
        if contains(.writable) { mask |= CLinux_EPOLLOUT }
        if contains(.peerClosed) { mask |= CLinux_EPOLLRDHUP }
        return mask
    }

    init(mask: UInt32) {
        var readiness: Readiness = []
        if mask & CLinux_EPOLLIN != 0 { readiness.insert(.readable) }
        if mask & CLinux_EPOLLOUT != 0 { readiness.insert(.writable) }
        if mask & CLinux_EPOLLRDHUP != 0 { readiness.insert(.peerClosed) }
        if mask & (CLinux_EPOLLHUP | CLinux_EPOLLERR) != 0 { readiness.formUnion([.failed, .readable, .writable]) }
        self = readiness
    }
}
