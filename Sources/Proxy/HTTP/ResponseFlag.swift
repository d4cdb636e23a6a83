/// Why a response is not the upstream's own, or was made worse on purpose, in Envoy's letters
/// (access log `%RESPONSE_FLAGS%`); several can hold at once.
struct ResponseFlag: OptionSet, Hashable, Sendable {
    let rawValue: UInt32

    /// Written as `-`.
    static let none: Self = []
    /// No endpoint to send to.
    static let noHealthyUpstream = Self(rawValue: 1 << 1)
    static let upstreamTimeout = Self(rawValue: 1 << 2)
    static let upstreamReset = Self(rawValue: 1 << 4)
    /// Could not connect, TLS included.
    static let upstreamConnectionFailure = Self(rawValue: 1 << 5)
    /// The upstream closed the connection before the response was complete.
    static let upstreamTermination = Self(rawValue: 1 << 6)
    /// Too many connections or waiting requests.
    static let upstreamOverflow = Self(rawValue: 1 << 7)
    /// No route, or no filter chain for the connection.
    static let noRoute = Self(rawValue: 1 << 8)
    /// Held back on purpose (VirtualService `fault.delay`).
    static let delayInjected = Self(rawValue: 1 << 9)
    /// Made to fail on purpose (VirtualService `fault.abort`).
    static let faultInjected = Self(rawValue: 1 << 10)
    /// The client went away before the response was complete.
    static let downstreamTermination = Self(rawValue: 1 << 14)
    /// Every attempt was used up.
    static let retryLimitExceeded = Self(rawValue: 1 << 15)
    static let streamIdleTimeout = Self(rawValue: 1 << 16)
    static let downstreamProtocolError = Self(rawValue: 1 << 18)
    static let upstreamProtocolError = Self(rawValue: 1 << 23)
    /// The route names a destination that is not there.
    static let noCluster = Self(rawValue: 1 << 24)
    static let overloaded = Self(rawValue: 1 << 25)
    /// The host that was asked for could not be looked up.
    static let nameResolutionFailed = Self(rawValue: 1 << 26)

    /// In the order in which Envoy writes those that come together.
    private static let letters: [(Self, String)] = [
        (.retryLimitExceeded, "URX"), (.noHealthyUpstream, "UH"), (.upstreamTimeout, "UT"), (.upstreamReset, "UR"),
        (.upstreamConnectionFailure, "UF"), (.upstreamTermination, "UC"), (.upstreamOverflow, "UO"), (.noRoute, "NR"),
        (.delayInjected, "DI"), (.faultInjected, "FI"), (.downstreamTermination, "DC"),
        (.streamIdleTimeout, "SI"), (.downstreamProtocolError, "DPE"), (.upstreamProtocolError, "UPE"),
        (.noCluster, "NC"), (.overloaded, "OM"),
        (.nameResolutionFailed, "DF"),
    ]

    /// The letters, with commas between several; `-` for none.
    var text: String {
        if isEmpty { return "-" }
        return Self.letters.filter { contains($0.0) }.map(\.1).joined(separator: ",")
    }
}
