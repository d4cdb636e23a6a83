internal import Discovery
internal import TLS

/// What the first bytes of an inbound connection say about it.
enum FirstBytes {
    enum Verdict: Equatable {
        case decided(InboundChain.Transport, isHTTP: Bool)
        /// More must come.
        case undecided
    }

    /// - Parameter bytes: Everything received so far.
    static func judge(_ bytes: Span<UInt8>, _ application: ApplicationProtocol, _ mode: MutualTLSMode) -> Verdict {
        if bytes.isEmpty { return .undecided }
        if InboundChain.looksForTLS(mode) {
            switch ClientHello.inspect(bytes) {
            case .needsMore: return .undecided
            case .hello(let hello): return .decided(.tls(.init(protocols: hello.applicationProtocols)), isHTTP: false)
            case .notTLS, .tooLarge: break
            }
        }
        guard InboundChain.looksForHTTP(application, mode) else { return .decided(.raw, isHTTP: false) }
        switch HTTPSniffer.judge(bytes) {
        case .http1, .http2: return .decided(.raw, isHTTP: true)
        case .other: return .decided(.raw, isHTTP: false)
        case .undecided: return .undecided
        }
    }
}
