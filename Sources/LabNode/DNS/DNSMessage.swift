internal import Base

/// A question to the DNS, and what is needed to answer it (RFC 1035 §4).
struct DNSQuery: Sendable, Hashable {
    let identifier: UInt16
    let isRecursionDesired: Bool
    /// In lower case, without the dot at its end.
    let name: String
    /// As in the question, to be repeated in the answer.
    let nameBytes: [UInt8]
    let type: UInt16
    let recordClass: UInt16
    /// How many octets the asker takes over UDP; 512 without EDNS (RFC 6891).
    let payloadLimit: Int
    let usesEDNS: Bool

    /// Why a message cannot be answered as a query.
    enum Problem: Error, Hashable {
        /// Too short or not a query: it gets no answer at all.
        case unanswerable
        /// FORMERR.
        case malformed(identifier: UInt16)
        /// NOTIMP.
        case notImplemented(identifier: UInt16)
    }

    /// - Throws: ``Problem`` for anything but a standard query with one question.
    init(parsing bytes: [UInt8]) throws(Problem) {
        guard bytes.count >= 12, bytes[2] & 0x80 == 0 else { throw .unanswerable }
        let identifier = Self.number(bytes, 0)
        guard bytes[2] >> 3 & 15 == 0 else { throw .notImplemented(identifier: identifier) }
        guard Self.number(bytes, 4) == 1, Self.number(bytes, 6) == 0, Self.number(bytes, 8) == 0 else {
            throw .malformed(identifier: identifier)
        }
        var index = 12
        var labels: [String] = []
        while true {
            guard index < bytes.count else { throw .malformed(identifier: identifier) }
            let length = Int(bytes[index])
            index += 1
            if length == 0 { break }
            // Compression has no place in the only name of a query.
            guard length < 64, index + length <= bytes.count, index - 12 + length < 255 else {
                throw .malformed(identifier: identifier)
            }
            labels.append(String(decoding: bytes[index..<(index + length)], as: UTF8.self).lowercased())
            index += length
        }
        guard index + 4 <= bytes.count else { throw .malformed(identifier: identifier) }
        self.identifier = identifier
        isRecursionDesired = bytes[2] & 1 != 0
        name = labels.joined(separator: ".")
        nameBytes = Array(bytes[12..<index])
        type = Self.number(bytes, index)
        recordClass = Self.number(bytes, index + 2)
        (usesEDNS, payloadLimit) = Self.extensions(bytes, from: index + 4)
    }

    private static func number(_ bytes: [UInt8], _ index: Int) -> UInt16 {
        UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
    }

    /// Reads the OPT record, when it is the first of the additional ones.
    private static func extensions(_ bytes: [UInt8], from index: Int) -> (Bool, Int) {
        guard number(bytes, 10) > 0, index + 11 <= bytes.count, bytes[index] == 0, number(bytes, index + 1) == 41 else {
            return (false, 512)
        }
        return (true, min(4096, max(512, Int(number(bytes, index + 3)))))
    }
}

/// What a name stands for.
enum DNSRecord: Sendable, Hashable {
    case address(IPAddress)
    case alias(String)
    case service(priority: UInt16, weight: UInt16, port: UInt16, target: String)
    case pointer(String)
    case startOfAuthority(String)

    var type: UInt16 {
        switch self {
        case .address: 1
        case .alias: 5
        case .startOfAuthority: 6
        case .pointer: 12
        case .service: 33
        }
    }

    var data: [UInt8] {
        switch self {
        case .address(let address): address.octets
        case .alias(let name), .pointer(let name): Self.encode(name)
        case .service(let priority, let weight, let port, let target):
            Self.encode(priority) + Self.encode(weight) + Self.encode(port) + Self.encode(target)
        case .startOfAuthority(let domain):
            // Serial 1, refresh 7200 s, retry 1800 s, expire 86400 s, negative answers kept for 5 s.
            Self.encode("ns.dns.\(domain)") + Self.encode("hostmaster.\(domain)")
                + [1, 7200, 1800, 86_400, 5].flatMap {
                    Self.encode(UInt16($0 >> 16)) + Self.encode(UInt16($0 & 0xffff))
                }
        }
    }

    static func encode(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }

    static func encode(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) } + [0]
    }
}

/// What the answer to a query says.
struct DNSAnswer: Sendable, Hashable {
    enum Code: UInt8, Sendable {
        case noError = 0
        case malformed = 1
        case serverFailure = 2
        case noSuchName = 3
        case notImplemented = 4
        case refused = 5
    }

    struct Entry: Sendable, Hashable {
        /// nil means the name asked for.
        var name: String?
        let record: DNSRecord
    }

    var code = Code.noError
    var answers: [Entry] = []
    var authority: [Entry] = []
    var additional: [Entry] = []

    /// Seconds for which an answer may be kept.
    static let timeToLive: UInt16 = 5

    /// The message for `query`, cut down to `limit` octets and marked so when it is longer.
    func bytes(for query: DNSQuery, limit: Int) -> [UInt8] {
        let whole = encode(query, isTruncated: false)
        if whole.count <= limit { return whole }
        return DNSAnswer(code: code).encode(query, isTruncated: true)
    }

    private func encode(_ query: DNSQuery, isTruncated: Bool) -> [UInt8] {
        var bytes = DNSRecord.encode(query.identifier)
        // QR, AA, TC, RD; RA, RCODE.
        bytes.append(0x84 | (isTruncated ? 2 : 0) | (query.isRecursionDesired ? 1 : 0))
        bytes.append(0x80 | code.rawValue)
        for count in [1, answers.count, authority.count, additional.count + (query.usesEDNS ? 1 : 0)] {
            bytes += DNSRecord.encode(UInt16(clamping: count))
        }
        bytes += query.nameBytes + DNSRecord.encode(query.type) + DNSRecord.encode(query.recordClass)
        for entry in answers + authority + additional {
            bytes += entry.name.map { DNSRecord.encode($0) } ?? [0xc0, 12]  // A pointer to the question's name.
            bytes += DNSRecord.encode(entry.record.type) + DNSRecord.encode(UInt16(1))
            bytes += [0, 0] + DNSRecord.encode(Self.timeToLive)
            let data = entry.record.data
            bytes += DNSRecord.encode(UInt16(data.count)) + data
        }
        if query.usesEDNS { bytes += [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0] }  // OPT; we take 1232 octets.
        return bytes
    }

    /// The message for something that could not be read as a query.
    static func refusal(_ identifier: UInt16, _ code: Code) -> [UInt8] {
        DNSRecord.encode(identifier) + [0x80, 0x80 | code.rawValue] + [UInt8](repeating: 0, count: 8)
    }
}
