/// What a server has chosen (RFC 8446 §4.1.3, RFC 5246 §7.4.1.3).
struct ServerHello: Hashable, Sendable {
    var version: UInt16
    var suite: UInt16
    /// The group of TLS 1.3; nil before.
    var group: UInt16?
    /// Whether TLS 1.3 asks for another key instead.
    var isRetryRequest = false
    var compression: UInt8 = 0
    var hasSessionID = false
    var applicationProtocol: String?
    /// The numbers of all extensions that it has.
    var extensions: Set<UInt16> = []

    private static let retry: [UInt8] = [
        0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2,
        0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
    ]

    /// Reads the message's body; nil when a length in it does not fit.
    init?(_ body: [UInt8]) {
        var reader = OctetReader(body)
        guard let version = reader.number(2), let random = reader.octets(32), let session = reader.vector(1),
            let suite = reader.number(2), let compression = reader.number(1)
        else { return nil }
        self.version = UInt16(version)
        self.suite = UInt16(suite)
        self.compression = UInt8(compression)
        hasSessionID = !session.isEmpty
        isRetryRequest = random == Self.retry
        if reader.isEmpty { return }
        guard let list = reader.vector(2), reader.isEmpty else { return nil }
        var extensions = OctetReader(list)
        while !extensions.isEmpty {
            guard let type = extensions.number(2), let content = extensions.vector(2) else { return nil }
            guard read(extension: UInt16(type), content) else { return nil }
        }
    }

    private mutating func read(extension type: UInt16, _ content: [UInt8]) -> Bool {
        extensions.insert(type)
        var reader = OctetReader(content)
        switch type {
        case 43:
            guard let number = reader.number(2), reader.isEmpty else { return false }
            version = UInt16(number)
        case 51:
            guard let number = reader.number(2) else { return false }
            group = UInt16(number)
        case 16:
            guard let list = reader.vector(2) else { return false }
            var names = OctetReader(list)
            guard let name = names.vector(1), !name.isEmpty, names.isEmpty else { return false }
            applicationProtocol = printable(name)
        default: break
        }
        return true
    }
}

/// Text that came from a stranger, fit for a terminal: anything but printable ASCII becomes a question mark.
func printable(_ octets: some Sequence<UInt8>) -> String {
    String(decoding: octets.map { (0x20..<0x7F).contains($0) ? $0 : 0x3F }, as: UTF8.self)
}

/// Reads big-endian numbers and vectors with their lengths before them; nil where there is not enough.
struct OctetReader {
    private let octets: [UInt8]
    private var position = 0

    init(_ octets: [UInt8]) { self.octets = octets }

    var isEmpty: Bool { position == octets.count }

    mutating func number(_ count: Int) -> Int? { self.octets(count)?.reduce(0) { $0 << 8 | Int($1) } }

    mutating func octets(_ count: Int) -> [UInt8]? {
        guard octets.count - position >= count else { return nil }
        defer { position += count }
        return Array(octets[position..<position + count])
    }

    mutating func vector(_ lengthOctets: Int) -> [UInt8]? {
        guard let count = number(lengthOctets) else { return nil }
        return octets(count)
    }
}
