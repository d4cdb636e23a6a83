/// What a TLS client says first (RFC 8446 §4.1.2), as read from bytes that nobody has taken yet.
///
/// Enough to choose what to do with a connection before speaking TLS on it. Nothing in it is authenticated.
public struct ClientHello: Hashable, Sendable {
    /// The name asked for (SNI), in lower case; nil without one.
    public var serverName: String?
    /// The protocols offered (ALPN), in the client's order; one that is not UTF-8 has its bad octets replaced.
    public var applicationProtocols: [String] = []
    /// The versions offered, by their numbers on the wire, in the client's order.
    public var versions: [UInt16] = []
    /// By their IANA numbers, in the client's order.
    public var cipherSuites: [UInt16] = []
    /// By their IANA numbers, in the client's order (`supported_groups`).
    public var groups: [UInt16] = []

    /// What the first bytes of a connection are.
    public enum Inspection: Hashable, Sendable {
        /// It may become a ClientHello: look again when there are at least this many octets.
        case needsMore(Int)
        case notTLS
        /// A ClientHello of more than ``ClientHello/limit`` octets: nobody has an honest use for one.
        case tooLarge
        case hello(ClientHello)
    }

    /// The octets of a connection that are looked at before it is taken for something else than TLS.
    ///
    /// A hello with post-quantum keys takes about 2,000.
    public static let limit = 65_536

    /// What every ClientHello begins with, and nothing else that is common: the type of a handshake record.
    public static let firstOctet: UInt8 = 22

    /// Looks at the first bytes of a connection, all of them from the beginning each time.
    ///
    /// Octets after the ClientHello are ignored.
    public static func inspect(_ bytes: Span<UInt8>) -> Inspection {
        let records = HandshakeRecords(bytes)
        switch records.collect() {
        case .needsMore(let count): return .needsMore(count)
        case .notTLS: return .notTLS
        case .tooLarge: return .tooLarge
        case .message(let message):
            var reader = ByteReader(message[...])
            return ClientHello(&reader).map { .hello($0) } ?? .notTLS
        }
    }

    /// Reads the message's body; nil when a length in it does not fit.
    private init?(_ reader: inout ByteReader) {
        guard let legacyVersion = reader.uint16(), reader.skip(32), reader.vector(lengthOctets: 1) != nil,
            var suites = reader.vector(lengthOctets: 2), reader.vector(lengthOctets: 1) != nil
        else { return nil }
        while let suite = suites.uint16() { cipherSuites.append(suite) }
        guard suites.isEmpty else { return nil }
        // Before TLS 1.2 a hello could end here.
        if !reader.isEmpty {
            guard var extensions = reader.vector(lengthOctets: 2), reader.isEmpty else { return nil }
            while !extensions.isEmpty {
                guard let type = extensions.uint16(), let body = extensions.vector(lengthOctets: 2),
                    read(extension: type, body)
                else { return nil }
            }
        }
        if versions.isEmpty { versions = Self.versions(upTo: legacyVersion) }
    }

    private mutating func read(extension type: UInt16, _ body: ByteReader) -> Bool {
        var body = body
        switch type {
        case 0: return readServerName(&body)
        case 10: return Self.numbers(&body, lengthOctets: 2).map { groups = $0 } != nil
        case 16: return readProtocols(&body)
        case 43: return Self.numbers(&body, lengthOctets: 1).map { versions = $0 } != nil
        default: return true
        }
    }

    private mutating func readServerName(_ body: inout ByteReader) -> Bool {
        guard var list = body.vector(lengthOctets: 2), body.isEmpty else { return false }
        while !list.isEmpty {
            guard let type = list.uint8(), let name = list.vector(lengthOctets: 2) else { return false }
            if type != 0 || serverName != nil { continue }
            // RFC 6066 §3: a DNS name in ASCII. Anything else is no name to choose by, and must not look like another.
            let isName = name.bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F } && (1...255).contains(name.bytes.count)
            guard isName else { return false }
            serverName = String(decoding: name.bytes, as: UTF8.self).lowercased()
        }
        return true
    }

    private mutating func readProtocols(_ body: inout ByteReader) -> Bool {
        guard var list = body.vector(lengthOctets: 2), body.isEmpty else { return false }
        while !list.isEmpty {
            guard let name = list.vector(lengthOctets: 1), !name.isEmpty else { return false }
            applicationProtocols.append(String(decoding: name.bytes, as: UTF8.self))
        }
        return true
    }

    private static func numbers(_ body: inout ByteReader, lengthOctets: Int) -> [UInt16]? {
        guard var list = body.vector(lengthOctets: lengthOctets), body.isEmpty else { return nil }
        var numbers: [UInt16] = []
        while let number = list.uint16() { numbers.append(number) }
        return list.isEmpty ? numbers : nil
    }

    /// The versions that a client without `supported_versions` offers.
    private static func versions(upTo highest: UInt16) -> [UInt16] {
        stride(from: min(highest, 0x0303), through: 0x0301, by: -1).map { UInt16($0) }
    }
}

/// Joins the handshake message that begins a connection from the records that carry it (RFC 8446 §5.1).
private struct HandshakeRecords: ~Escapable {
    enum Result {
        case needsMore(Int), notTLS, tooLarge
        case message([UInt8])
    }

    private let bytes: Span<UInt8>

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    /// Nobody cuts a hello into more records than this but to keep us busy.
    private static let recordLimit = 64

    func collect() -> Result {
        var message: [UInt8] = []
        var length: Int?  // Of the whole message with its type and length; nil until that is known.
        var position = 0
        for _ in 0..<Self.recordLimit {
            switch header(at: position) {
            case .needsMore(let count): return .needsMore(count)
            case .notTLS: return .notTLS
            case .length(let count):
                let end = position + 5 + count
                for index in position + 5..<min(end, bytes.count) { message.append(bytes[index]) }
                if let type = message.first, type != 1 { return .notTLS }  // Not a ClientHello.
                if message.count >= 4 { length = 4 + Int(message[1]) << 16 + Int(message[2]) << 8 + Int(message[3]) }
                if let length, length > ClientHello.limit { return .tooLarge }
                if let length, message.count >= length { return .message(Array(message[4..<length])) }
                if end > ClientHello.limit { return .tooLarge }
                if end > bytes.count {
                    return .needsMore(min(end, bytes.count + max(1, (length ?? 4) - message.count)))
                }
                position = end
            }
        }
        return .tooLarge
    }

    private enum Header {
        case needsMore(Int), notTLS
        case length(Int)
    }

    /// The five octets before each record's content: handshake, version 3.x, a length.
    private func header(at position: Int) -> Header {
        if position < bytes.count, bytes[position] != ClientHello.firstOctet { return .notTLS }
        if position + 1 < bytes.count, bytes[position + 1] != 3 { return .notTLS }
        if position + 2 < bytes.count, bytes[position + 2] > 4 { return .notTLS }
        guard position + 5 <= bytes.count else { return .needsMore(position + 5) }
        let length = Int(bytes[position + 3]) << 8 | Int(bytes[position + 4])
        // Empty handshake records are forbidden, and longer ones do not exist.
        return length == 0 || length > 16_384 ? .notTLS : .length(length)
    }
}
