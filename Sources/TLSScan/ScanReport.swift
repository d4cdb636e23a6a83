internal import Base
public import TLS

/// What was found out about a server.
public struct ScanReport: Sendable {
    /// What came of asking for one version.
    public enum Offer: Hashable, Sendable {
        case offered
        case notOffered
        /// The server answered with a lower one instead.
        case downgraded(to: ScanVersion)
        /// The server did not answer in time, or not in TLS.
        case unknown(String)
    }

    /// The suites of one version from the most preferred on; those of one element are equals.
    public struct Suites: Sendable {
        public var version: ScanVersion
        public var ranks: [[CipherSuite]]
        /// Whether the server still answered when the last one had been found: else there may be more.
        public var isComplete = true

        public var all: [CipherSuite] { Array(ranks.joined()) }
        /// Whether the client's order alone decides.
        public var isClientsOrder: Bool { ranks.count < 2 && all.count > 1 }
    }

    /// The groups of one version in the order in which the server chose them.
    public struct Groups: Sendable {
        public var version: ScanVersion
        public var groups: [NamedGroup]
        /// Bits of the prime for suites without a named group; nil without such suites.
        public var primeBits: Int?
    }

    public enum ClientCertificate: String, Hashable, Sendable {
        case none, optional, required
        /// Asked for; whether it must be there could not be found out.
        case requested
    }

    public enum Fallback: String, Hashable, Sendable {
        case protected = "protected"
        case unprotected = "NOT protected"
        /// There is only one version to fall back to.
        case notNeeded = "not needed"
    }

    /// The versions of which suites are missing, or may be.
    var versionsWithGaps: [ScanVersion] {
        offered.filter { version in
            version > .ssl2 && suites.first { $0.version == version }?.isComplete != true
        }
    }

    /// As given, such as `example.org:443`.
    public var target = ""
    /// Where it was connected to.
    public var address = ""
    public var serverName: String?
    /// The pod that it was looked at from; nil for this machine.
    public var from: String?
    public var protocols: [ScanVersion: Offer] = [:]
    public var suites: [Suites] = []
    public var groups: [Groups] = []
    public var certificates: [ScannedCertificate] = []
    /// The ALPN protocols that it takes, in the order in which they were asked for.
    public var applicationProtocols: [String] = []
    public var clientCertificate: ClientCertificate?
    /// By version: how a session was resumed, such as `ticket`; empty for not at all.
    public var resumption: [ScanVersion: [String]] = [:]
    /// Nil before TLS 1.3 has not been spoken.
    public var hasSecureRenegotiation: Bool?
    public var compresses = false
    /// Nil when the server has said nothing to go by.
    public var fallback: Fallback?
    public var clients: [(client: SimulatedClient, connection: SimulatedConnection?)] = []
    /// What could not be looked at, and why.
    public var gaps: [String] = []

    public init() {}

    public var offered: [ScanVersion] { ScanVersion.allCases.filter { protocols[$0] == .offered } }
    public var allSuites: [CipherSuite] { suites.flatMap(\.all) }
}

/// One certificate that a server shows, with its chain.
public struct ScannedCertificate: Sendable {
    public let chain: [Certificate]
    /// An OCSP response came along.
    public let isStapled: Bool
    /// Whether the leaf is for the name that was asked for; nil when there was none.
    public let matchesHost: Bool?
    /// Why this machine does not trust it; nil when it does.
    public let distrust: String?
    /// What is wrong with the order or the parts of the chain; nil for nothing.
    public let chainProblem: String?

    public var leaf: Certificate { chain[0] }
    /// Octets that the server sent as a certificate and that are none.
    let unreadable: Int

    /// - Parameters:
    ///   - der: The chain as sent; nil is returned when its leaf is no certificate.
    ///   - host: What it must be for.
    init?(der: [[UInt8]], staple: [UInt8]?, host: String?) {
        let certificates = der.map { try? Certificate(der: $0) }
        guard let leaf = certificates.first, leaf != nil else { return nil }
        self.init(
            chain: certificates.compactMap { $0 },
            unreadable: certificates.count { $0 == nil },
            isStapled: staple != nil,
            host: host
        )
    }

    init?(chain: [Certificate], unreadable: Int = 0, isStapled: Bool, host: String?) {
        guard let leaf = chain.first else { return nil }
        self.chain = chain
        self.isStapled = isStapled
        self.unreadable = unreadable
        matchesHost = host.map { leaf.isFor(host: $0) }
        do {
            try TrustStore.system.verify(leaf, intermediates: Array(chain.dropFirst()), for: .server)
            distrust = nil
        } catch {
            let words = error.message
            distrust = words.range(ofLast: ": ").map { String(words[$0...]) } ?? words
        }
        chainProblem = Self.problem(chain, unreadable: unreadable)
    }

    private static func problem(_ chain: [Certificate], unreadable: Int) -> String? {
        if unreadable > 0 { return "\(unreadable) of its certificates cannot be read" }
        for (index, pair) in zip(chain, chain.dropFirst()).enumerated() where !pair.0.isSigned(by: pair.1) {
            return "certificate \(index + 2) has not signed certificate \(index + 1)"
        }
        if chain.count > 1, chain.last?.isSelfIssued == true { return "has the root, which clients need not be sent" }
        return nil
    }
}

extension String {
    /// Where the text behind the last `separator` begins.
    fileprivate func range(ofLast separator: String) -> Index? {
        var found: Index?
        var position = startIndex
        while position < endIndex {
            if self[position...].hasPrefix(separator) { found = index(position, offsetBy: separator.count) }
            position = index(after: position)
        }
        return found
    }
}
