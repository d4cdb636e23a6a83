internal import Base

/// What a server's context chooses by when a client's hello is there.
struct ServerPolicy: Sendable {
    let identities: [TLSIdentity]
    let tickets: TicketKeys
    /// Where sessions are kept; nil where they are sealed by ``tickets``.
    let remembered: RememberedSessions?
    /// Nil where OpenSSL reads the list of suites itself.
    let preference: CipherPreference?
    /// The numbers of the suites that need an ECDSA certificate, of those that may be spoken at all.
    let ecdsaSuites: Set<UInt16>
    /// Tells apart what must not share sessions: who may connect, and how.
    private let scope: [UInt8]

    init(_ configuration: TLSServerConfiguration) {
        let parameters = configuration.parameters
        identities = configuration.identities
        tickets = configuration.ticketKeys ?? TicketKeys()
        remembered = configuration.rememberedSessions
        preference =
            parameters.cipherSuites.isEmpty ? CipherPreference.standard : CipherPreference(parameters.cipherSuites)
        ecdsaSuites = preference?.ecdsaSuites ?? CipherPreference.allECDSASuites
        let rules = [
            configuration.clientCertificate.fingerprint, "\(parameters.versions)", "\(parameters.cipherSuites)",
            "\(parameters.groups)",
        ]
        scope = SHA256.hash(Array(rules.joined(separator: "\n").utf8))
    }

    /// What a session made for `serverName` is known by (`sid_ctx`); any other is not resumed, but made anew.
    func sessionScope(serverName: ArraySlice<UInt8>) -> [UInt8] {
        SHA256.hash(scope + serverName.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
    }
}
