internal import Glibc

/// A moment of the wall clock, in UTC, as Kubernetes, X.509 and log lines write it.
///
/// It reaches from 1677 to 2262. What lies beyond, such as a certificate's "no end" in the year 9999 or Go's zero time
/// in the year 1, becomes the first or last moment: it comes from strangers, and must not end the program.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = max(nanoseconds, Self.first) }
    public init(seconds: Int64) { self.init(seconds: seconds, nanoseconds: 0) }

    /// Rounding down must not go below the smallest number.
    private static let first = Int64.min + 1_000_000_000

    private init(seconds: Int64, nanoseconds: Int64) {
        let (whole, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isBeyond) = whole.addingReportingOverflow(nanoseconds)
        self.init(nanoseconds: isOver || isBeyond ? (seconds < 0 ? .min : .max) : sum)
    }

    /// The wall clock now.
    public static var now: Self {
        // Safe: a timespec is two words. Its members are out of reach in a module that looks up initializers of Duration:
        // the compiler then takes them to be those of a module that cannot be imported.
        var time = (seconds: 0, nanoseconds: 0)
        _ = unsafe withUnsafeMutablePointer(to: &time) { words in
            unsafe words.withMemoryRebound(to: timespec.self, capacity: 1) { unsafe clock_gettime(CLOCK_REALTIME, $0) }
        }
        return Self(nanoseconds: Int64(time.seconds) * 1_000_000_000 + Int64(time.nanoseconds))
    }

    /// Whole seconds since 1970, rounded down.
    public var seconds: Int64 {
        nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : (nanoseconds - 999_999_999) / 1_000_000_000
    }

    /// RFC 3339 with whole seconds, as Kubernetes' `metav1.Time`: `2024-01-02T03:04:05Z`.
    public var description: String { formatted(fractionDigits: 0) }

    /// RFC 3339 with `fractionDigits` (0 through 9) digits of the second.
    public func formatted(fractionDigits: Int) -> String {
        let (days, second) = seconds.floorDivided(by: 86_400)
        let date = CivilDate(daysSince1970: days)
        var text = "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T"
        text += "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
        if fractionDigits > 0 {
            let fraction = padded(nanoseconds - seconds * 1_000_000_000, 9)
            text += "." + fraction.prefix(fractionDigits)
        }
        return text + "Z"
    }

    /// Reads RFC 3339: `2024-01-02T03:04:05Z`, with or without a fraction, with `Z` or an offset such as `+02:00`.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"),
            let year = digits(bytes[0..<4]), let month = digits(bytes[5..<7]), let day = digits(bytes[8..<10]),
            let hour = digits(bytes[11..<13]), let minute = digits(bytes[14..<16]), let second = digits(bytes[17..<19]),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        var index = 19
        var fraction: Int64 = 0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            var unit: Int64 = 100_000_000
            while index < bytes.count, let digit = digits(bytes[index...index]) {
                fraction += digit * unit
                unit /= 10
                index += 1
            }
        }
        guard let offset = Self.offset(bytes[index...]) else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSince1970
        let total = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        self.init(seconds: total, nanoseconds: fraction)
    }

    /// Seconds east of UTC that `Z` or `±hh:mm` stands for.
    private static func offset(_ bytes: ArraySlice<UInt8>) -> Int64? {
        if bytes.elementsEqual("Z".utf8) || bytes.elementsEqual("z".utf8) { return 0 }
        let text = Array(bytes)
        guard text.count == 6, text[3] == UInt8(ascii: ":"), let hour = digits(text[1..<3]),
            let minute = digits(text[4..<6])
        else { return nil }
        switch text[0] {
        case UInt8(ascii: "+"): return hour * 3600 + minute * 60
        case UInt8(ascii: "-"): return -(hour * 3600 + minute * 60)
        default: return nil
        }
    }

    public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
    public static func + (left: Self, right: Duration) -> Self {
        let (seconds, attoseconds) = right.components
        let shift = Self(seconds: seconds, nanoseconds: attoseconds / 1_000_000_000)
        let (sum, isOver) = left.nanoseconds.addingReportingOverflow(shift.nanoseconds)
        return Self(nanoseconds: isOver ? (seconds < 0 ? .min : .max) : sum)
    }
    public static func - (left: Self, right: Self) -> Duration {
        .nanoseconds(left.nanoseconds) - .nanoseconds(right.nanoseconds)
    }
}

/// A day of the proleptic Gregorian calendar, counted as in Howard Hinnant's "chrono-compatible low-level date algorithms".
private struct CivilDate {
    let year: Int64
    let month: Int64
    let day: Int64

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    init(daysSince1970 days: Int64) {
        let (era, dayOfEra) = (days + 719_468).floorDivided(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153  // Months counted from March.
        day = dayOfYear - (153 * shifted + 2) / 5 + 1
        month = shifted < 10 ? shifted + 3 : shifted - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysSince1970: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shiftedYear.floorDivided(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let remainder = (self % divisor + divisor) % divisor
        return ((self - remainder) / divisor, remainder)
    }
}

private func padded(_ value: Int64, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.count)) + text
}

private func digits(_ bytes: ArraySlice<UInt8>) -> Int64? {
    var value: Int64 = 0
    for byte in bytes {
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        value = value * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    return value
}
