/// The part of a TLS ClientHello that decides what becomes of a connection (RFC 8446 §4.1.2).
///
/// Reads records as they come from the network, before anything is decided; whoever then speaks TLS reads them again.
struct ClientHello: Hashable, Sendable {
    /// The first octet of a TLS record that carries a handshake message.
    static let handshakeRecord: UInt8 = 22
    /// A hello larger than this is refused: no honest client needs it.
    static let mostOctets = 32 * 1024

    /// The server name in clear; empty when there is none.
    var serverName = ""
    /// The ALPN list (RFC 7301), in the client's order.
    var protocols: [[UInt8]] = []

    enum Outcome: Hashable, Sendable {
        case hello(ClientHello)
        case needsMore
        case malformed(String)
    }

    /// Reads the hello at the beginning of `bytes`.
    static func read(_ bytes: Span<UInt8>) -> Outcome {
        var message: [UInt8] = []
        var offset = 0
        while true {
            if message.count >= 4 {
                guard message[0] == 1 else { return .malformed("the first TLS message is no ClientHello") }
                let length = Int(message[1]) << 16 | Int(message[2]) << 8 | Int(message[3])
                if length > mostOctets { return .malformed("the ClientHello is larger than 32 KiB") }
                if message.count >= 4 + length { return parse(message.span.extracting(4..<4 + length)) }
            }
            guard bytes.count >= offset + 5 else { return .needsMore }
            guard bytes[offset] == handshakeRecord, bytes[offset + 1] == 3 else {
                return .malformed("not a TLS handshake record")
            }
            let length = Int(bytes[offset + 3]) << 8 | Int(bytes[offset + 4])
            guard length > 0, length <= 16_384 else { return .malformed("a TLS record of impossible length") }
            let available = min(length, bytes.count - offset - 5)
            for index in offset + 5..<offset + 5 + available { message.append(bytes[index]) }
            if available < length { return isComplete(message) ? continueWith(message) : .needsMore }
            offset += 5 + length
        }
    }

    private static func isComplete(_ message: [UInt8]) -> Bool {
        message.count >= 4 && message.count >= 4 + (Int(message[1]) << 16 | Int(message[2]) << 8 | Int(message[3]))
    }

    private static func continueWith(_ message: [UInt8]) -> Outcome {
        guard message[0] == 1 else { return .malformed("the first TLS message is no ClientHello") }
        let length = Int(message[1]) << 16 | Int(message[2]) << 8 | Int(message[3])
        return parse(message.span.extracting(4..<4 + length))
    }

    private static func parse(_ body: Span<UInt8>) -> Outcome {
        var reader = Reader(bytes: body)
        var hello = ClientHello()
        guard reader.skip(34), reader.skipVector(lengthOctets: 1), reader.skipVector(lengthOctets: 2),
            reader.skipVector(lengthOctets: 1)
        else { return .malformed("the ClientHello ends too early") }
        if reader.isAtEnd { return .hello(hello) }  // TLS 1.2 allows a hello without extensions.
        guard let extensions = reader.vector(lengthOctets: 2) else {
            return .malformed("the ClientHello ends too early")
        }
        var list = Reader(bytes: body.extracting(extensions))
        while !list.isAtEnd {
            guard let kind = list.number(octets: 2), let range = list.vector(lengthOctets: 2) else {
                return .malformed("an extension of the ClientHello ends too early")
            }
            let data = body.extracting(extensions).extracting(range)
            if kind == 0 { hello.serverName = readServerName(data) }
            if kind == 16 {
                guard let protocols = readProtocols(data) else { return .malformed("the ALPN extension is not valid") }
                hello.protocols = protocols
            }
        }
        return .hello(hello)
    }

    private static func readServerName(_ data: Span<UInt8>) -> String {
        var reader = Reader(bytes: data)
        guard reader.skip(2), reader.number(octets: 1) == 0, let name = reader.vector(lengthOctets: 2) else {
            return ""
        }
        return unsafe data.extracting(name).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    private static func readProtocols(_ data: Span<UInt8>) -> [[UInt8]]? {
        var reader = Reader(bytes: data)
        guard let list = reader.vector(lengthOctets: 2) else { return nil }
        let names = data.extracting(list)
        var inner = Reader(bytes: names)
        var protocols: [[UInt8]] = []
        while !inner.isAtEnd {
            guard let name = inner.vector(lengthOctets: 1) else { return nil }
            protocols.append([UInt8](copying: names.extracting(name)))
        }
        return protocols
    }

    /// Reads numbers and vectors one after the other.
    private struct Reader: ~Escapable {
        let bytes: Span<UInt8>
        var offset = 0

        @_lifetime(copy bytes)
        init(bytes: Span<UInt8>) { self.bytes = bytes }

        var isAtEnd: Bool { offset >= bytes.count }

        @_lifetime(self: copy self)
        mutating func skip(_ count: Int) -> Bool {
            guard offset + count <= bytes.count else { return false }
            offset += count
            return true
        }

        @_lifetime(self: copy self)
        mutating func number(octets: Int) -> Int? {
            guard offset + octets <= bytes.count else { return nil }
            var value = 0
            for index in offset..<offset + octets { value = value << 8 | Int(bytes[index]) }
            offset += octets
            return value
        }

        @_lifetime(self: copy self)
        mutating func vector(lengthOctets: Int) -> Range<Int>? {
            guard let length = number(octets: lengthOctets), offset + length <= bytes.count else { return nil }
            offset += length
            return offset - length..<offset
        }

        @_lifetime(self: copy self)
        mutating func skipVector(lengthOctets: Int) -> Bool { vector(lengthOctets: lengthOctets) != nil }
    }
}
