import Base

/// How long ago something was, as kubectl writes it: at most two units, coarser the longer it is.
enum Age {
    static func text(since time: Timestamp, now: Timestamp = .now) -> String {
        text(seconds: (now - time).components.seconds)
    }

    static func text(seconds: Int64) -> String {
        if seconds < -1 { return "<invalid>" }
        if seconds < 0 { return "0s" }
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400)
        if seconds < 120 { return "\(seconds)s" }
        if minutes < 10 { return pair(minutes, "m", seconds % 60, "s") }
        if minutes < 180 { return "\(minutes)m" }
        if hours < 8 { return pair(hours, "h", minutes % 60, "m") }
        if hours < 48 { return "\(hours)h" }
        if hours < 192 { return pair(days, "d", hours % 24, "h") }
        if days < 730 { return "\(days)d" }
        if days < 8 * 365 { return pair(days / 365, "y", days % 365, "d") }
        return "\(days / 365)y"
    }

    private static func pair(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
        small == 0 ? "\(large)\(largeUnit)" : "\(large)\(largeUnit)\(small)\(smallUnit)"
    }
}
