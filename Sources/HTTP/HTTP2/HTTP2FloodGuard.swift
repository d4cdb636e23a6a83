internal import EventLoop

/// Notices peers whose frames cost us work and bring nothing forward: floods of pings, settings, resets, empty frames.
///
/// Two allowances that use, time and useful frames move: one for frames that control the connection, one for streams
/// that came to nothing. An honest peer stays far from the end of either; nghttp2's own limits come later or not at all.
struct HTTP2FloodGuard: Hashable, Sendable {
    enum Frame: Hashable, Sendable {
        /// PING, SETTINGS, PRIORITY, WINDOW_UPDATE, CONTINUATION, an unknown type, DATA without data.
        case control
        /// A stream reset by the peer, or by us because the peer broke its rules.
        case reset
        /// DATA with data, either way.
        case data
        /// A stream that came to its end.
        case completed
        /// A field section so far beyond what is allowed that no honest peer sends it.
        case oversized
    }

    /// Most frames of either kind at a time, and how many more each second.
    static let controlBurst = 1000
    static let controlRate = 100
    static let resetBurst = 300
    static let resetRate = 30

    private var control = Self.controlBurst
    private var resets = Self.resetBurst
    private var refilled: MonotonicTime

    init(at now: MonotonicTime) { refilled = now }

    /// Notes a frame; false when it is one too many.
    mutating func allows(_ frame: Frame, at now: MonotonicTime) -> Bool {
        switch frame {
        case .data: control = min(Self.controlBurst, control + 2)
        case .completed: resets = min(Self.resetBurst, resets + 1)
        case .oversized: return false
        case .control:
            if control <= 0 { refill(at: now) }
            control -= 1
            return control >= 0
        case .reset:
            if resets <= 0 { refill(at: now) }
            resets -= 1
            return resets >= 0
        }
        return true
    }

    private mutating func refill(at now: MonotonicTime) {
        let seconds = Double(now.nanoseconds - refilled.nanoseconds) / 1e9
        let (moreControl, moreResets) = (Int(seconds * Double(Self.controlRate)), Int(seconds * Double(Self.resetRate)))
        // Not before it is worth something, else small steps would round to nothing for ever.
        guard moreControl > 0, moreResets > 0 else { return }
        refilled = now
        control = min(Self.controlBurst, max(0, control) + moreControl)
        resets = min(Self.resetBurst, max(0, resets) + moreResets)
    }
}
