internal import HTTP

/// The time that a gRPC client gives a call (`grpc-timeout`, gRPC over HTTP/2 §Requests).
enum GRPCTimeout {
    /// How long the whole of the response may take.
    ///
    /// - Parameter limit: The route's timeout; zero for none.
    /// - Returns: The shorter of the two; zero for no limit.
    static func effective(_ head: HTTP1Head, limit: Duration) -> Duration {
        guard head.contains(.grpcTimeout), GRPCNotes.isCall(head), let value = head.value(of: .grpcTimeout) else {
            return limit
        }
        guard let timeout = parse(value) else { return limit }
        return limit == .zero ? timeout : min(limit, timeout)
    }

    /// Reads up to eight digits and a unit; nil for anything else.
    static func parse(_ text: Span<UInt8>) -> Duration? {
        guard (2...9).contains(text.count) else { return nil }
        var number: Int64 = 0
        for index in 0..<text.count - 1 {
            let digit = text[index] &- UInt8(ascii: "0")
            if digit > 9 { return nil }
            number = number * 10 + Int64(digit)
        }
        switch text[text.count - 1] {
        case UInt8(ascii: "H"): return .seconds(number * 3600)
        case UInt8(ascii: "M"): return .seconds(number * 60)
        case UInt8(ascii: "S"): return .seconds(number)
        case UInt8(ascii: "m"): return .milliseconds(number)
        case UInt8(ascii: "u"): return .microseconds(number)
        case UInt8(ascii: "n"): return .nanoseconds(number)
        default: return nil
        }
    }
}
