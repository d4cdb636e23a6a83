/// Puts messages together from the bytes that a client sends (RFC 6455 §5); does no I/O.
struct WebSocketDecoder {
    enum Event: Hashable {
        case message([UInt8], isText: Bool)
        case ping([UInt8])
        case pong
        /// The client wants to end; nil without a code.
        case close(UInt16?)
    }

    private struct Header {
        let opcode: WebSocketFrame.Opcode
        let isFinal: Bool
        let mask: [UInt8]
        let count: Int
    }

    /// The most octets of a message.
    let limit: Int
    private var bytes: [UInt8] = []
    private var position = 0
    /// The message begun by an unfinished frame.
    private var begun: (isText: Bool, bytes: [UInt8])?

    init(limit: Int) { self.limit = limit }

    mutating func append(_ more: [UInt8]) {
        if position > 0 {
            bytes.removeFirst(position)
            position = 0
        }
        bytes += more
    }

    /// The next whole message or control frame; nil when more bytes are needed.
    mutating func next() throws(WebSocketError) -> Event? {
        while true {
            let start = position
            guard let header = try readHeader(), bytes.count - position >= header.count else {
                position = start
                return nil
            }
            var payload = Array(bytes[position..<position + header.count])
            for index in payload.indices { payload[index] ^= header.mask[index & 3] }
            position += header.count
            if let event = try accept(header, payload) { return event }
        }
    }

    private mutating func readHeader() throws(WebSocketError) -> Header? {
        guard bytes.count - position >= 2 else { return nil }
        let (first, second) = (bytes[position], bytes[position + 1])
        guard first & 0x70 == 0, let opcode = WebSocketFrame.Opcode(rawValue: first & 15) else {
            throw .protocolError("reserved bits or opcode in use")
        }
        guard second & 0x80 != 0 else { throw .protocolError("a client must mask its frames") }
        var lengthOctets = 0
        if second & 127 == 126 { lengthOctets = 2 }
        if second & 127 == 127 { lengthOctets = 8 }
        let isFinal = first & 0x80 != 0
        if opcode.isControl, lengthOctets > 0 || !isFinal { throw .protocolError("a control frame is small and whole") }
        guard bytes.count - position >= 2 + lengthOctets + 4 else { return nil }
        position += 2
        var count = UInt64(second & 127)
        if lengthOctets > 0 {
            count = bytes[position..<position + lengthOctets].reduce(0) { $0 << 8 | UInt64($1) }
            position += lengthOctets
        }
        guard count <= UInt64(limit) else { throw WebSocketError(closeCode: 1009, reason: "message too big") }
        let mask = Array(bytes[position..<position + 4])
        position += 4
        return Header(opcode: opcode, isFinal: isFinal, mask: mask, count: Int(count))
    }

    private mutating func accept(_ header: Header, _ payload: [UInt8]) throws(WebSocketError) -> Event? {
        switch header.opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong
        case .close:
            guard payload.count != 1 else { throw .protocolError("half a close code") }
            return .close(payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : nil)
        case .text, .binary:
            guard begun == nil else { throw .protocolError("a new message before the last one's end") }
            begun = (header.opcode == .text, payload)
        case .continuation:
            guard begun != nil else { throw .protocolError("the continuation of nothing") }
            begun?.bytes += payload
        }
        guard let message = begun, message.bytes.count <= limit else {
            throw WebSocketError(closeCode: 1009, reason: "message too big")
        }
        guard header.isFinal else { return nil }
        begun = nil
        if message.isText, String(validating: message.bytes, as: UTF8.self) == nil {
            throw WebSocketError(closeCode: 1007, reason: "text that is not UTF-8")
        }
        return .message(message.bytes, isText: message.isText)
    }
}
