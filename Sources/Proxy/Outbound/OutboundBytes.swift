internal import Discovery
internal import TLS

/// What the first bytes of an outbound connection say about where it goes.
enum OutboundBytes {
    enum Verdict: Equatable {
        case http
        /// Shared out among these; with the server name that the client sent, if it is TLS and was looked at.
        case bytes([WeightedDestination], serverName: String?)
        /// More must come, this many octets at least.
        case needsMore(Int)
    }

    /// - Parameters:
    ///   - bytes: Everything received so far, from the first byte on.
    ///   - looksForHTTP: Whether requests are told apart from other bytes.
    static func judge(_ bytes: Span<UInt8>, _ routes: ServerNameRoutes, looksForHTTP: Bool) -> Verdict {
        if bytes.isEmpty { return .needsMore(1) }
        if !routes.routes.isEmpty {
            switch ClientHello.inspect(bytes) {
            case .needsMore(let count): return .needsMore(count)
            case .hello(let hello):
                return .bytes(routes.destinations(for: hello.serverName), serverName: hello.serverName)
            case .notTLS, .tooLarge: break
            }
        }
        guard looksForHTTP else { return .bytes(routes.other, serverName: nil) }
        switch HTTPSniffer.judge(bytes) {
        case .http1, .http2: return .http
        case .other: return .bytes(routes.other, serverName: nil)
        case .undecided: return .needsMore(bytes.count + 1)
        }
    }
}

extension ServerNameRoutes {
    /// Where TLS with that server name goes: by the exact name, else by the longest suffix, of equal ones by the first.
    ///
    /// - Parameter name: In lower case; nil when the client sent none.
    func destinations(for name: String?) -> [WeightedDestination] {
        guard let name else { return other }
        var best = other
        var bestLength = -1
        for route in routes {
            for pattern in route.serverNames {
                if pattern == name { return route.destinations }
                guard pattern.hasPrefix("*"), name.utf8.count >= pattern.utf8.count else { continue }
                let suffix = pattern.dropFirst()
                if suffix.utf8.count > bestLength, name.hasSuffix(suffix) {
                    (best, bestLength) = (route.destinations, suffix.utf8.count)
                }
            }
        }
        return best
    }
}
