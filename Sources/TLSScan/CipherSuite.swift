/// One suite of algorithms that a server may choose (RFC 8446 §B.4 and its predecessors).
public struct CipherSuite: Hashable, Sendable, CustomStringConvertible {
    /// IANA's number.
    public let number: UInt16
    /// OpenSSL's name, which is IANA's for TLS 1.3; the number in hexadecimal for one that nobody has named.
    public let name: String

    public init(number: UInt16) {
        self.number = number
        name = Self.names[number] ?? "0x" + Self.hex(number)
    }

    public var description: String { name }

    /// Whether it belongs to TLS 1.3, and so cannot be spoken before.
    public var isForTLS13: Bool { number >> 8 == 0x13 }
    /// Whether a key that is stolen later does not open what was sent today.
    public var isForwardSecret: Bool {
        isForTLS13 || ["ECDHE-", "DHE-", "EDH-", "AECDH-", "ADH-"].contains { name.hasPrefix($0) }
    }
    /// Whether encryption and authentication are one (AEAD).
    public var isAuthenticatedEncryption: Bool {
        isForTLS13 || ["GCM", "CCM", "CHACHA20"].contains { name.contains($0) }
    }
    /// Whether keys are exchanged on elliptic curves, so that the server names a group.
    var usesGroups: Bool { ["ECDHE-", "AECDH-"].contains { name.hasPrefix($0) } }
    /// Whether keys are exchanged with numbers modulo a prime that the server sends.
    var usesPrime: Bool { ["DHE-", "EDH-", "ADH-"].contains { name.hasPrefix($0) } }
    /// Whether the server shows a certificate with an ECDSA key.
    var needsECDSA: Bool { name.hasPrefix("ECDHE-ECDSA-") || name.hasPrefix("ECDH-ECDSA-") }

    /// All that are known, the better ones first.
    static let all: [CipherSuite] = numbers.map(CipherSuite.init(number:))
    static let tls13 = all.filter(\.isForTLS13)
    static let beforeTLS13 = all.filter { !$0.isForTLS13 }

    /// The suite with OpenSSL's `name`; nil for one that is not known.
    public init?(name: String) {
        guard let number = Self.names.first(where: { $0.value == name })?.key else { return nil }
        self.init(number: number)
    }

    private static let words = table.split { $0 == " " || $0 == "\n" }
    private static let numbers = stride(from: 0, to: words.count - 1, by: 2).compactMap { UInt16(words[$0], radix: 16) }
    private static let names: [UInt16: String] = Dictionary(
        zip(numbers, stride(from: 1, to: words.count, by: 2).map { String(words[$0]) })
    ) { first, _ in first }

    static func hex(_ number: UInt16) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
