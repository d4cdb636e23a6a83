/// Conditions on a request, all of which must hold (VirtualService `http[].match[]`).
public struct HTTPMatch: Hashable, Sendable {
    /// A condition on one field or query parameter.
    public struct Value: Hashable, Sendable {
        /// In lower case for fields.
        public var name: String
        /// Nil when it only has to be there.
        public var text: TextMatch?
        /// Whether the condition must not hold (`withoutHeaders`).
        public var isInverted: Bool

        public init(_ name: String, _ text: TextMatch?, isInverted: Bool = false) {
            self.name = name
            self.text = text
            self.isInverted = isInverted
        }
    }

    /// The path without query.
    public var path: TextMatch?
    public var ignoresPathCase = false
    public var scheme: TextMatch?
    public var method: TextMatch?
    public var authority: TextMatch?
    public var headers: [Value] = []
    public var parameters: [Value] = []

    public init() {}
}

/// How a text is compared (Istio's StringMatch).
public enum TextMatch: Hashable, Sendable {
    case exact(String)
    case prefix(String)
    /// RE2 syntax; the whole text must match.
    case expression(String)
}

/// A share of requests, in millionths, as fine as Envoy can count.
public struct Percentage: Hashable, Sendable {
    /// 0...1_000_000.
    public var millionths: Int

    public init(millionths: Int) { self.millionths = min(1_000_000, max(0, millionths)) }

    public static let none = Percentage(millionths: 0)
    public static let all = Percentage(millionths: 1_000_000)
}

/// Changes to the fields of a message, made in this order: removed, set, added (VirtualService `headers`).
public struct HeaderChanges: Hashable, Sendable {
    public struct Field: Hashable, Sendable {
        /// In lower case; `:authority` and `host` mean the authority.
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var remove: [String] = []
    public var set: [Field] = []
    public var add: [Field] = []

    public init() {}

    public var isEmpty: Bool { remove.isEmpty && set.isEmpty && add.isEmpty }
}

/// Cross-origin resource sharing (VirtualService `corsPolicy`).
public struct CORSPolicy: Hashable, Sendable {
    public var allowOrigins: [TextMatch] = []
    public var allowMethods: [String] = []
    public var allowHeaders: [String] = []
    public var exposeHeaders: [String] = []
    /// Seconds; nil leaves the field out.
    public var maxAge: Int?
    public var allowsCredentials = false
    /// Whether preflights of other origins go to the destination (`FORWARD`, the default) or are answered (`IGNORE`).
    public var forwardsUnmatchedPreflights = true

    public init() {}
}

/// Failures made on purpose (VirtualService `fault`).
public struct FaultInjection: Hashable, Sendable {
    public enum Abort: Hashable, Sendable {
        case status(UInt16)
        case grpcStatus(Int)
    }

    public var delay: Duration = .zero
    public var delayed = Percentage.none
    public var abort: Abort?
    public var aborted = Percentage.none

    public init() {}

    public var isEmpty: Bool { delayed == .none && aborted == .none }
}
