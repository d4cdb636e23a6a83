extension Duration {
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]

    /// Reads Go's notation: decimal numbers with units, such as `1h15m30.918s`, or `0`; up to 290 years.
    public init?(goText text: String) {
        var rest = text[...]
        var sign = 1.0
        if let first = rest.first, first == "-" || first == "+" {
            sign = first == "-" ? -1 : 1
            rest = rest.dropFirst()
        }
        if rest == "0" {
            self = .zero
            return
        }
        guard !rest.isEmpty else { return nil }
        var nanoseconds = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0 == "." || ("0"..."9").contains($0) }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0 != "." && !("0"..."9").contains($0) }
            rest = rest.dropFirst(unit.count)
            guard number.last != "." || number.count > 1,
                let value = Double(number.hasPrefix(".") ? "0" + number : "\(number)"),
                let scale = Self.units.first(where: { $0.name == unit })
            else { return nil }
            nanoseconds += value * scale.nanoseconds
        }
        guard nanoseconds < 9.2e18 else { return nil }
        self = .nanoseconds(Int64(sign * nanoseconds.rounded()))
    }

    /// Whether it is a whole number of milliseconds.
    public var isWholeMilliseconds: Bool { components.attoseconds % 1_000_000_000_000_000 == 0 }
}
