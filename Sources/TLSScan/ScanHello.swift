internal import TLS

/// A ClientHello made for looking at a server (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2, RFC 6101 §5.6.1.2).
struct ScanHello: Sendable {
    /// The version of the message itself; TLS 1.3 is offered by ``versions`` alone.
    var version: UInt16
    /// `supported_versions`; empty for none.
    var versions: [UInt16] = []
    var suites: [UInt16]
    /// `supported_groups`; empty for none.
    var groups: [UInt16] = []
    /// Groups that a key is sent of; nil without the extension, which TLS 1.3 needs even when it is empty.
    var shares: [UInt16]?
    var signatures: [UInt16] = Self.allSignatures
    /// SNI; nil for none.
    var serverName: String?
    /// ALPN; empty for none.
    var protocols: [String] = []
    var asksForStaple = false
    /// Whether the suites are written as SSL 2 has them (RFC 5246 §E.2).
    var isInSSL2Format = false

    /// ECDSA, RSA-PSS and RSA with SHA-2 first, SHA-1 and EdDSA for those who have nothing else.
    static let allSignatures: [UInt16] = [
        0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601, 0x0807, 0x0808,
        0x0203, 0x0201, 0x0402, 0x0202,
    ]

    /// One that offers `suites` for one version, as an ordinary client would.
    init(_ version: ScanVersion, suites: [CipherSuite], serverName: String?) {
        self.version = min(version.wireNumber, ScanVersion.tls12.wireNumber)
        self.suites = suites.map(\.number)
        self.serverName = serverName
        guard version > .ssl3 else { return }
        groups = NamedGroup.all.map(\.number)
        if version == .tls13 {
            // A server without TLS 1.3 answers with what it has, which is how a downgrade is seen.
            versions = [ScanVersion.tls13, .tls12, .tls11, .tls10].map(\.wireNumber)
            shares = [29, 23]
        }
    }

    init(version: UInt16, suites: [UInt16]) { (self.version, self.suites) = (version, suites) }

    /// The octets to send, in one record.
    var octets: [UInt8] {
        if isInSSL2Format { return ssl2Octets }
        var body = Self.pair(version) + SecureRandom.bytes(32)
        body += shares == nil ? [0] : [32] + SecureRandom.bytes(32)
        body += Self.vector(suites.flatMap(Self.pair), lengthOctets: 2) + [1, 0]
        let extensions = self.extensions
        if !extensions.isEmpty { body += Self.vector(extensions, lengthOctets: 2) }
        let message = [1] + Self.vector(body, lengthOctets: 3)
        let record = version <= ScanVersion.ssl3.wireNumber ? ScanVersion.ssl3.wireNumber : ScanVersion.tls10.wireNumber
        return [22] + Self.pair(record) + Self.vector(message, lengthOctets: 2)
    }

    private var ssl2Octets: [UInt8] {
        let specifications: [UInt8] =
            version == ScanVersion.ssl2.wireNumber
            ? [1, 0, 0x80, 2, 0, 0x80, 3, 0, 0x80, 4, 0, 0x80, 5, 0, 0x80, 6, 0, 0x40, 7, 0, 0xC0]
            : suites.flatMap { [0] + Self.pair($0) }
        let lengths = [specifications.count, 0, 16].flatMap { Self.pair(UInt16($0)) }
        let message = [1] + Self.pair(version) + lengths + specifications + SecureRandom.bytes(16)
        return Self.pair(UInt16(message.count) | 0x8000) + message
    }

    private var extensions: [UInt8] {
        var all: [UInt8] = []
        func add(_ type: UInt16, _ body: [UInt8]) { all += Self.pair(type) + Self.vector(body, lengthOctets: 2) }
        if !protocols.isEmpty {
            let names = protocols.flatMap { Self.vector(Array($0.utf8), lengthOctets: 1) }
            add(16, Self.vector(names, lengthOctets: 2))
        }
        // SSL 3 knows no extensions, but lets them be there. Without its ALPN a sidecar would not take the client for one
        // of the mesh, and the answer, if any, would be the application's.
        guard version > ScanVersion.ssl3.wireNumber else { return all }
        if let serverName {
            add(0, Self.vector([0] + Self.vector(Array(serverName.utf8), lengthOctets: 2), lengthOctets: 2))
        }
        add(23, [])
        add(0xFF01, [0])
        if !groups.isEmpty {
            add(10, Self.vector(groups.flatMap(Self.pair), lengthOctets: 2))
            add(11, [1, 0])
        }
        add(35, [])
        if asksForStaple { add(5, [1, 0, 0, 0, 0]) }
        if version >= ScanVersion.tls12.wireNumber, !signatures.isEmpty {
            add(13, Self.vector(signatures.flatMap(Self.pair), lengthOctets: 2))
        }
        if let shares {
            let keys = shares.flatMap { group in
                NamedGroup(number: group).publicKey.map { Self.pair(group) + Self.vector($0, lengthOctets: 2) } ?? []
            }
            add(51, Self.vector(keys, lengthOctets: 2))
            add(45, [1, 1])
        }
        if !versions.isEmpty { add(43, Self.vector(versions.flatMap(Self.pair), lengthOctets: 1)) }
        return all
    }

    private static func pair(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }

    private static func vector(_ content: [UInt8], lengthOctets: Int) -> [UInt8] {
        (0..<lengthOctets).reversed().map { UInt8(truncatingIfNeeded: content.count >> (8 * $0)) } + content
    }
}
