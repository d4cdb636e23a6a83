/// What a descriptor is ready for.
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Reading will not block: there are bytes, the end of the stream, or an error to collect.
    public static let readable = Readiness(rawValue: 1)
    /// Writing will not block, or will return an error.
    public static let writable = Readiness(rawValue: 2)
    /// The peer has finished sending, or the connection is gone; the last bytes may still wait to be read.
    public static let peerClosed = Readiness(rawValue: 4)
    /// The connection failed, or both directions are closed; reported whether asked for or not.
    public static let failed = Readiness(rawValue: 8)
}

/// Told when its descriptor is ready; lives on the loop's thread.
public protocol ReadinessHandler: AnyObject {
    /// Called on the loop's thread, never after ``EventLoop/remove(_:isClosing:)`` has returned.
    func becameReady(_ readiness: Readiness)
}

/// Told when one of its timers is due; lives on the loop's thread.
public protocol TimerHandler: AnyObject {
    /// - Parameter timer: What ``EventLoop/schedule(after:_:)`` returned; it is spent now and cancelling it does nothing.
    func timerFired(_ timer: TimerID)
}

/// Told when all events, jobs and timers of a turn of the loop have been served: the moment to write what they gathered.
public protocol TurnHandler: AnyObject {
    func turnEnded()
}

/// A descriptor's place in a loop; a stale one is recognized and ignored.
public struct Registration: Hashable, Sendable {
    let slot: UInt32
    var generation: UInt32
    let descriptor: CInt

    var token: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
}

/// A timer's place in a loop; a spent or cancelled one is recognized and ignored.
public struct TimerID: Hashable, Sendable {
    let slot: UInt32
    let generation: UInt32
}
