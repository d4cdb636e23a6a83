/// The `grpc-timeout` field: at most eight digits and a unit (`doc/PROTOCOL-HTTP2.md`).
enum GRPCTimeout {
    static func duration(_ text: String) -> Duration? {
        let digits = text.dropLast()
        guard (1...8).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int64(digits)
        else { return nil }
        switch text.last {
        case "H": return .seconds(count * 3600)
        case "M": return .seconds(count * 60)
        case "S": return .seconds(count)
        case "m": return .milliseconds(count)
        case "u": return .microseconds(count)
        case "n": return .nanoseconds(count)
        default: return nil
        }
    }

    /// In the finest unit that has room; a negative duration counts as none at all.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if seconds < 0 || attoseconds < 0 { return "0n" }
        if seconds >= 99_999_999 { return "99999999S" }
        if seconds >= 99_999 { return "\(seconds)S" }
        return "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)m"
    }
}
