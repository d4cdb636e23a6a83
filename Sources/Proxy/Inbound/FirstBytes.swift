internal import Discovery

/// What the first bytes of an inbound connection say about it.
enum FirstBytes {
    enum Verdict: Equatable {
        case decided(InboundChain.Transport, isHTTP: Bool)
        /// More must come.
        case undecided
        /// Begins like TLS, and is none.
        case garbage(String)
    }

    /// - Parameter bytes: Everything received so far.
    static func judge(_ bytes: Span<UInt8>, _ application: ApplicationProtocol, _ mode: MutualTLSMode) -> Verdict {
        if bytes.isEmpty { return .undecided }
        if InboundChain.looksForTLS(mode), bytes[0] == ClientHello.handshakeRecord {
            switch ClientHello.read(bytes) {
            case .needsMore: return .undecided
            case .malformed(let reason):
                // The application may know what to do with it; the mesh's own ports do not.
                return mode == .strict || application.isHTTP ? .garbage(reason) : .decided(.raw, isHTTP: false)
            case .hello(let hello): return .decided(.tls(.init(protocols: hello.protocols)), isHTTP: false)
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
